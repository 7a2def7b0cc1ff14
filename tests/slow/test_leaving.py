"""Bots that leave on purpose, at the pace of people."""

from contextlib import AbstractAsyncContextManager

from rabbit_chatter import names
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, names_of, queue_manager


def bots(broker: PrivateBroker, manager: Component, instance: str) -> AbstractAsyncContextManager[Component]:
    """Run a process of ten bots."""
    return component(
        "bots", "--count", "10", "--seed", instance,
        CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
        CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
        CHATTER_INSTANCE=instance,
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

        await eventually(lambda: not_listed(manager, gone), 20, "their names are free")
        # What was about to be said to them has been said when everybody has said something else.
        said = len(stay.events("message.said"))
        await eventually(lambda: len(stay.events("message.said")) > said + 20, 60, "more talk")
        assert await unread() == []
        assert await stay.stop() == 0


async def not_listed(manager: Component, bots: set[str]) -> bool:
    """Return whether the directory has none of ``bots``."""
    listed = (await manager.get("/bots", limit=1000))["bots"]
    return not bots & {bot["name"] for bot in listed}
