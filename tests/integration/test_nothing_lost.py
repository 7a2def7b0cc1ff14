"""Every message is accounted for, whatever breaks: nothing lost, nothing said twice.

The stream is the truth: the broker writes a message into it and into its queue by one and the same publish.
So for every direct message in the stream there must be a bot that handled it, once; or it must still be in
its queue; or it is a dead letter.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aio_pika
import httpx

from rabbit_chatter import names
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, queue_manager


@dataclass
class Account:
    """Where each direct message is, by message id; of what was said, also what and to whom."""

    said: dict[str, str] = field(default_factory=dict)
    handled: Counter[str] = field(default_factory=Counter)
    left: set[str] = field(default_factory=set)

    def settle(self) -> None:
        """Raise unless every message is somewhere, and none was handled twice."""
        twice = [message for message, times in self.handled.items() if times > 1]
        assert not twice, f"handled twice: {twice}"
        lost = {message: self.said[message] for message in self.said.keys() - self.handled.keys() - self.left}
        assert not lost, f"{len(lost)} of {len(self.said)} lost: {lost}"


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


async def account(broker: PrivateBroker, *processes: Component) -> Account:
    """Count once all processes have ended."""
    made = Account()
    for process in processes:
        for line in process.events("message.handled"):
            if line["kind"] == "dm":
                made.handled[line["message_id"]] += 1
    async with await aio_pika.connect(broker.amqp_url("chatter-server")) as connection:
        made.said = {
            str(m.message_id): f"{m.routing_key} {m.body.decode()}" for m in await read_stream(connection)
        }
    async with (
        await aio_pika.connect(broker.amqp_url("chatter-bot")) as connection,
        httpx.AsyncClient(base_url=broker.management_url) as client,
    ):
        channel = await connection.channel()
        auth = ("chatter-manager", broker.password("chatter-manager"))
        queues = (await client.get("/api/queues/chatter", auth=auth)).raise_for_status().json()
        for queue in queues:
            if names.pair_of_dm_queue(queue["name"]):
                made.left |= await take_all(channel, queue["name"])
    made.left |= await dead_letters(broker)
    return made


async def read_stream(
    connection: aio_pika.abc.AbstractConnection,
) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Return all direct messages that were ever said."""
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=1000)
    stream = await channel.get_queue(names.FIREHOSE, ensure=False)
    got: list[aio_pika.abc.AbstractIncomingMessage] = []
    total = 0

    async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        nonlocal total
        total += 1
        if message.type == "dm":
            got.append(message)
        await message.ack()

    await stream.consume(take, arguments={names.STREAM_OFFSET: "first"})
    before = -1

    def is_quiet() -> bool:
        nonlocal before
        quiet, before = total == before, total
        return quiet

    await asyncio.sleep(1)  # a stream has no end to wait for: silence is the sign
    await eventually(is_quiet)
    return got


async def take_all(channel: aio_pika.abc.AbstractChannel, name: str) -> set[str]:
    """Return the ids of what is in a queue."""
    queue = await channel.get_queue(name, ensure=False)
    ids = set()
    while message := await queue.get(fail=False, no_ack=True):
        ids.add(str(message.message_id))
    return ids


async def dead_letters(broker: PrivateBroker) -> set[str]:
    """Return the ids of dead letters, without taking them."""
    async with await aio_pika.connect(broker.amqp_url("chatter-server")) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(names.DEAD_LETTERS, ensure=False)
        ids = set()
        while message := await queue.get(fail=False):
            ids.add(str(message.message_id))
        return ids


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
        made = await account(broker, chatting)
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
        made = await account(broker, victim, witness)
    assert made.left, "a process that dies at once has something in hand"
    made.settle()
