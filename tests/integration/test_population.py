"""A population grows, shrinks and names itself, over a real RabbitMQ and the real queue-manager."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest

import plug_ins
from rabbit_chatter import names
from rabbit_chatter.bots.orders import shares
from rabbit_chatter.errors import ChatterError
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, names_of, queue_manager


def bots(
    broker: PrivateBroker, manager: Component, count: int, seed: str, instance: str
) -> AbstractAsyncContextManager[Component]:
    """Run a process of bots."""
    return component(
        "bots", "--count", str(count), "--seed", seed, "--tempo", "4",
        CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
        CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
        CHATTER_INSTANCE=instance,
    )  # fmt: skip


async def test_same_seed_other_names(broker: PrivateBroker) -> None:
    """Two processes with one seed want the same names; the broker refuses them, and others are chosen."""
    async with (
        queue_manager(broker) as manager,
        bots(broker, manager, 30, "twin", "castor") as castor,
        bots(broker, manager, 30, "twin", "pollux") as pollux,
    ):
        await castor.ready()
        await pollux.ready()

        async def all_there() -> bool:
            return len(await names_of(manager, "castor") | await names_of(manager, "pollux")) == 60

        await eventually(all_there)
        assert pollux.events("bot.name_taken") or castor.events("bot.name_taken")


async def test_scale(broker: PrivateBroker) -> None:
    """`scale` reaches every process, shares the number out, and bots that leave free their names."""
    async with (
        queue_manager(broker) as manager,
        bots(broker, manager, 4, "scaled-a", "scaled-a") as one,
        bots(broker, manager, 4, "scaled-b", "scaled-b") as two,
    ):
        await one.ready()
        await two.ready()
        for count, wanted in ((25, (13, 12)), (3, (2, 1))):

            async def both_known() -> bool:
                stats = await manager.get("/stats")
                return {"scaled-a", "scaled-b"} <= {c["instance"] for c in stats["components"]}

            await eventually(both_known)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "rabbit_chatter", "scale", str(count),
                "--amqp-url", broker.amqp_url("chatter-bot"),
                "--queue-manager", f"http://{manager.address}",
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said = (await process.communicate())[0].decode()
            assert f"scaled-a: {wanted[0]} bots" in said

            async def as_wanted(wanted: tuple[int, int] = wanted) -> bool:
                found = await names_of(manager, "scaled-a"), await names_of(manager, "scaled-b")
                return (len(found[0]), len(found[1])) == wanted

            await eventually(as_wanted, 60)  # whoever leaves waits until its partners know
        assert await one.stop() == 0
        assert await two.stop() == 0


PEOPLE = """
count = 4
[mix]
echo = 1
unborn = 99
[[bots]]
name = "alice"
dialect = "eliza"
follows = ["bob"]
tempo = 20
[[bots]]
name = "bob"
follows = ["alice"]
"""

UNBORN = """
from rabbit_chatter.dialects.echo import Echo
class Unborn(Echo):
    def set_up(self):
        raise ValueError("not today")
"""


async def followed_by(broker: PrivateBroker, bot: str) -> set[str]:
    """Return the keys of the tweets that a bot reads."""
    async with httpx.AsyncClient(auth=("chatter-manager", broker.password("chatter-manager"))) as client:
        answer = await client.get(f"{broker.management_url}/api/exchanges/chatter/chatter/bindings/source")
    bindings = answer.raise_for_status().json()
    read = {b["routing_key"] for b in bindings if b["destination"] == names.inbox(bot)}
    return read - {names.invite_key(bot)}


async def test_population_file(broker: PrivateBroker, tmp_path: Path) -> None:
    """Bots named in a file come first, talk and follow as it says; a dialect that fails ends nobody."""
    file = tmp_path / "people.toml"
    file.write_text(PEOPLE)
    plug_ins.install(tmp_path, UNBORN, "unborn")
    async with (
        queue_manager(broker) as manager,
        component(
            "bots", "--population", str(file), "--tempo", "4",
            CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
            CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
            CHATTER_INSTANCE="file",
            PYTHONPATH=str(tmp_path),
        ) as running,
    ):  # fmt: skip
        await running.ready()

        async def all_there() -> bool:
            return len(await names_of(manager, "file")) == 4

        await eventually(all_there)
        listed = {bot["name"]: bot["dialect"] for bot in (await manager.get("/bots", limit=1000))["bots"]}
        assert (listed["alice"], listed["bob"]) == ("eliza", "echo")
        assert await followed_by(broker, "alice") == {names.tweet_key("bob")}
        assert [line["dialect"] for line in running.events("dialect.unusable")] == ["unborn"]
        assert await running.stop() == 0


async def test_no_dialect_to_speak(broker: PrivateBroker, tmp_path: Path) -> None:
    """Where the only dialect cannot be made, the process ends with that sentence, and no traceback."""
    plug_ins.install(tmp_path, UNBORN, "unborn")
    async with component(
        "bots", "--count", "2", "--dialect", "unborn",
        CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
        PYTHONPATH=str(tmp_path),
    ) as running:  # fmt: skip
        assert await asyncio.wait_for(running.process.wait(), 20) == 1
        await eventually(lambda: [x for x in running.log if "can be spoken" in str(x.get("line"))])
        assert "Traceback" not in str(running.log)


def test_shares_are_even_and_bounded() -> None:
    """Shares differ by one at most, and what cannot be is said."""
    assert shares(7, ["b", "a", "c"]) == {"a": 3, "b": 2, "c": 2}
    with pytest.raises(ChatterError, match="no process of bots"):
        shares(7, [])
    with pytest.raises(ChatterError, match="too many"):
        shares(5001, ["a"])
