"""Bots that leave on purpose, at the pace of people."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from prometheus_client import CollectorRegistry

from accounting import account
from rabbit_chatter import names
from rabbit_chatter.broker import Node
from rabbit_chatter.incidents.orders import Start, encode
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.settings import BrokerSettings, Topology
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, names_of, queue_manager


def bots(
    broker: PrivateBroker, manager: Component, instance: str, **environment: str
) -> AbstractAsyncContextManager[Component]:
    """Run a process of ten bots."""
    return component(
        "bots", "--count", "10", "--seed", instance,
        CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
        CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
        CHATTER_INSTANCE=instance,
        **environment,
    )  # fmt: skip


async def test_whoever_leaves_leaves_nothing_unread(broker: PrivateBroker) -> None:
    """Half of the bots leave in the middle of their talk: no message stays in a queue without a reader."""
    async with (
        queue_manager(broker) as manager,
        bots(broker, manager, "stay") as stay,
        bots(broker, manager, "leave") as leave,
    ):
        await stay.ready()
        await leave.ready()
        gone = await eventually(lambda: names_of(manager, "leave"))
        await eventually(lambda: len(leave.events("message.said")) > 20, 60, "talk")
        assert await leave.stop() == 0

        async def unread() -> list[str]:
            queues = (await manager.get("/queues", limit=1000))["queues"]
            return [
                q["name"] for q in queues if q["messages"] and not q["consumers"] and is_theirs(q["name"])
            ]

        def is_theirs(queue: str) -> bool:
            return bool(set(names.pair_of_dm_queue(queue) or ()) & gone)

        await eventually(lambda: not_listed(manager, gone), 60, "their names are free")
        # What was about to be said to them has been said when everybody has said something else.
        said = len(stay.events("message.said"))
        await eventually(lambda: len(stay.events("message.said")) > said + 20, 60, "more talk")
        assert await unread() == []
        assert await stay.stop() == 0


async def not_listed(manager: Component, bots: set[str]) -> bool:
    """Return whether the directory has none of ``bots``."""
    listed = (await manager.get("/bots", limit=1000))["bots"]
    return not bots & {bot["name"] for bot in listed}


async def test_goodbyes_that_cross_are_lost_by_nobody(private_broker: Callable[[], PrivateBroker]) -> None:
    """Whoever leaves waits for those that have its goodbye in hand, still unread, and leave as well."""
    broker = private_broker()
    async with (
        queue_manager(broker) as manager,
        bots(broker, manager, "first", CHATTER_LOG_LEVEL="DEBUG") as first,
        bots(broker, manager, "second", CHATTER_LOG_LEVEL="DEBUG") as second,
    ):
        await first.ready()
        await second.ready()
        await eventually(lambda: len(first.events("message.said")) > 30, 60, "talk")
        await order(broker, Start("slow-consumer", seconds=60, intensity=1, seed="all"))
        await eventually(lambda: second.events("incident.started"))
        said = len(first.events("message.said"))
        first.process.terminate()
        await eventually(lambda: len(first.events("message.said")) > said + 5, what="goodbyes")
        handled = len(second.events("message.handled"))
        await eventually(lambda: len(second.events("message.handled")) > handled + 2, what="some are read")
        second.process.terminate()
        assert await first.stop() == 0
        assert await second.stop() == 0
        made = await account(broker, first.log + second.log)
    made.settle()


async def order(broker: PrivateBroker, start: Start) -> None:
    """Start an incident in all processes."""
    settings = BrokerSettings(amqp_url=broker.amqp_url())
    async with Node(
        settings, Metrics(CollectorRegistry(), "test"), Topology.TRACE, "test", "teacher"
    ) as node:
        await node.publisher.publish(Message(new_id(), Kind.CONTROL, "teacher", encode(start)))
