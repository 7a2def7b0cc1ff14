"""Every message is accounted for, whatever breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from accounting import account
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, queue_manager


@asynccontextmanager
async def bots(broker: PrivateBroker, manager: Component, count: int, seed: str) -> AsyncIterator[Component]:
    """Run a process of bots, fast ones."""
    async with component(
        "bots", "--count", str(count), "--seed", seed, "--tempo", "6",
        CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
        CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
        CHATTER_LOG_LEVEL="DEBUG",
        CHATTER_INSTANCE=seed,
    ) as running:  # fmt: skip
        await running.ready()
        yield running


async def test_broker_restarts_mid_conversation(private_broker: Callable[[], PrivateBroker]) -> None:
    """Twenty bots talk, RabbitMQ goes and comes back, and they talk on: every message is accounted for."""
    broker = private_broker()
    async with queue_manager(broker) as manager, bots(broker, manager, 20, "restart") as chatting:
        await eventually(lambda: len(chatting.events("message.said")) > 60)
        await asyncio.to_thread(broker.stop)
        await eventually(lambda: len(chatting.events("broker.connection_lost")) == 2)
        await asyncio.to_thread(broker.start)
        await eventually(lambda: len(chatting.events("broker.connected")) == 4, deadline=30)
        before = len(chatting.events("message.said"))
        await eventually(lambda: len(chatting.events("message.said")) > before + 60, deadline=30)
        assert await chatting.stop() == 0
        made = await account(broker, chatting.log)
    assert len(made.said) > 120
    made.settle()


async def test_bot_process_killed(private_broker: Callable[[], PrivateBroker]) -> None:
    """One of two processes dies at once; what it had in hand stays in its queues, and the others talk on."""
    broker = private_broker()
    async with (
        queue_manager(broker) as manager,
        bots(broker, manager, 10, "victim") as victim,
        bots(broker, manager, 10, "witness") as witness,
    ):
        await eventually(lambda: len(victim.events("message.said")) > 40)
        await victim.kill()
        before = len(witness.events("message.said"))
        await eventually(lambda: len(witness.events("message.said")) > before + 40, deadline=30)
        assert await witness.stop() == 0
        made = await account(broker, victim.log + witness.log)
    assert made.left, "a process that dies at once has something in hand"
    made.settle()
