"""Many processes of bots at one broker, as many hosts would run them; no other coordination than its."""

# ruff: noqa: T201 - figures are printed
import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psutil
import pytest

from accounting import account
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, queue_manager

pytestmark = pytest.mark.timeout(300)

PROCESSES, EACH, KILLED = 50, 4, 10
AT_ONCE = 5  # that start together: each is busy for a second, and there are two cores
MIB = 1024 * 1024


@asynccontextmanager
async def population(broker: PrivateBroker, manager: Component) -> AsyncIterator[dict[str, Component]]:
    """Run the processes, by instance; each two of them have one seed, and so want the same names."""
    async with AsyncExitStack() as stack:
        running: dict[str, Component] = {}
        for number in range(PROCESSES):
            process = component(
                "bots", "--count", str(EACH), "--seed", f"shard-{number // 2}",
                CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
                CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
                CHATTER_LOG_LEVEL="DEBUG",
                CHATTER_INSTANCE=f"shard-{number:02}",
            )  # fmt: skip
            running[f"shard-{number:02}"] = await stack.enter_async_context(process)
            if len(running) % AT_ONCE == 0:
                await asyncio.gather(*(one.ready(60) for one in list(running.values())[-AT_ONCE:]))
        yield running


async def listed(manager: Component) -> dict[str, set[str]]:
    """Return the names of the bots in the directory by instance."""
    found: dict[str, set[str]] = defaultdict(set)
    for bot in (await manager.get("/bots", limit=1000))["bots"]:
        found[bot["instance"]].add(bot["name"])
    return found


async def is_right(manager: Component, alive: dict[str, Component]) -> bool:
    """Tell whether the directory and Prometheus' targets have these processes, whole, and no other."""
    bots = await listed(manager)
    groups = await manager.get("/sd/prometheus")
    targets = [group["targets"][0] for group in groups if group["labels"]["component"] == "bots"]
    complete = {instance: len(names) for instance, names in bots.items()} == dict.fromkeys(alive, EACH)
    return complete and sorted(targets) == sorted(one.address for one in alive.values())


def used(processes: dict[str, Component]) -> tuple[float, float]:
    """Return the memory, in MiB, that processes have for themselves, and the CPU seconds that they took."""
    found = [psutil.Process(one.process.pid) for one in processes.values()]
    times = [one.cpu_times() for one in found]
    return sum(one.memory_full_info().uss for one in found) / MIB, sum(t.user + t.system for t in times)


async def end(processes: dict[str, Component]) -> set[int]:
    """Ask all to end, at once; return their exit codes."""
    return set(await asyncio.gather(*(one.stop() for one in processes.values())))


async def test_ten_of_fifty_die_at_once(private_broker: Callable[[], PrivateBroker]) -> None:
    """No name is borne twice; the directory follows when ten die, and the other forty lose nothing."""
    broker = private_broker()
    begun = time.monotonic()
    async with queue_manager(broker) as manager, population(broker, manager) as everybody:
        await eventually(lambda: is_right(manager, everybody), 60, "fifty processes, whole")
        names = await listed(manager)
        assert len(set[str]().union(*names.values())) == PROCESSES * EACH
        assert any(one.events("bot.name_taken") for one in everybody.values()), "twins want the same names"
        memory, cpu = used(everybody)
        took = time.monotonic() - begun
        print(f"\n{PROCESSES} processes after {took:.0f} s: {memory:.0f} MiB, {cpu:.0f} s CPU")

        dead = {instance: everybody[instance] for instance in list(everybody)[:: PROCESSES // KILLED]}
        alive = {instance: one for instance, one in everybody.items() if instance not in dead}
        await eventually(
            lambda: all(one.events("message.said") for one in everybody.values()), 60, "talk in all of them"
        )
        for one in dead.values():
            one.process.kill()
        killed = time.monotonic()
        await eventually(lambda: is_right(manager, alive), 30, "forty processes, whole")
        print(f"the directory was right after {time.monotonic() - killed:.1f} s")
        gone = set[str]().union(*(names[instance] for instance in dead))
        between = {line["message_id"] for line in lines(alive, "message.said") if unconcerned(line, gone)}
        await eventually(
            lambda: between <= handled(alive), 60, "all that those said who have nothing to do with it"
        )
        assert await end(alive) == {0}
        for one in dead.values():
            await one.kill()
        made = await account(broker, [line for one in everybody.values() for line in one.log])
    print(f"{len(made.said)} messages, {len(between)} of them between others; {len(made.left)} left over")
    made.settle()


def lines(processes: dict[str, Component], event: str) -> list[dict[str, Any]]:
    """Return the log lines of an event."""
    return [line for one in processes.values() for line in one.events(event)]


def handled(processes: dict[str, Component]) -> set[str]:
    """Return the ids of the messages that processes have handled."""
    return {line["message_id"] for line in lines(processes, "message.handled")}


def unconcerned(line: dict[str, Any], bots: set[str]) -> bool:
    """Tell whether what was said was neither from nor to one of these bots."""
    return bots.isdisjoint((line["bot"], line["to"]))
