"""Two chat servers and two queue-managers at one broker: nothing is said, shown or noted twice."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
import pytest_asyncio

from grafana_server import Heard, grafana
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, queue_manager

BEGAN = "2026-05-04T08:15:30Z"
NEVER = "0001-01-01T00:00:00Z"
FEW = 120  # lines that the second chat server keeps

# One network for all tests here, and so one event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Twins:
    """A network with two of each that one may have two of.

    Attributes:
        servers: the chat servers; the second one keeps few lines.
        managers: the queue-managers.
        grafana: what is heard there.
    """

    broker: PrivateBroker
    servers: list[Component]
    managers: list[Component]
    grafana: Heard = field(default_factory=list)

    @asynccontextmanager
    async def bots(self, count: int) -> AsyncIterator[Component]:
        """Run fast bots."""
        async with component(
            "bots", "--count", str(count), "--seed", "twins", "--tempo", "8",
            CHATTER_AMQP_URL=self.broker.amqp_url("chatter-bot"),
            CHATTER_QUEUE_MANAGER_URL=f"http://{self.managers[0].address}",
            CHATTER_INSTANCE="twins-bots",
        ) as running:  # fmt: skip
            await running.ready()
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twins(broker: PrivateBroker) -> AsyncIterator[Twins]:
    """Run them, with names of their own as two hosts would have."""
    heard: Heard = []
    with grafana(heard) as grafana_url:
        async with AsyncExitStack() as stack:
            managers = [await stack.enter_async_context(queue_manager(broker)) for _ in range(2)]
            servers = []
            for number, kept in enumerate((50_000, FEW)):
                running = component(
                    "server",
                    CHATTER_AMQP_URL=broker.amqp_url("chatter-server"),
                    CHATTER_INSTANCE=f"twin-{number}",
                    CHATTER_ARCHIVE_MESSAGES=str(kept),
                    CHATTER_GRAFANA_URL=grafana_url,
                )
                servers.append(await stack.enter_async_context(running))
            for server in servers:
                await server.ready()
            yield Twins(broker, servers, managers, heard)


@dataclass
class Listener:
    """Somebody who eavesdrops.

    Attributes:
        heard: of each line its place, as ``Last-Event-ID`` has it, and the message's id.
    """

    heard: list[tuple[str, str]] = field(default_factory=list)

    def times(self, said: set[str]) -> Counter[str]:
        """Return how often each of these messages was heard."""
        return Counter(message for _, message in self.heard if message in said)

    def has(self, said: set[str]) -> bool:
        """Tell whether all these messages were heard."""
        return self.times(said).keys() == said

    async def hear(self, answer: httpx.Response) -> None:
        """Note lines until the server hangs up."""
        at = ""
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                at = line.removeprefix("id: ")
            elif line.startswith("data: {") and '"id"' in line:
                self.heard.append((at, json.loads(line.removeprefix("data: "))["id"]))


@asynccontextmanager
async def eavesdropping(server: Component, **headers: str) -> AsyncIterator[Listener]:
    """Listen to a server while the block runs."""
    listener = Listener()
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream("GET", f"http://{server.address}/eavesdrop", headers=headers) as answer,
    ):
        task = asyncio.create_task(listener.hear(answer))
        try:
            yield listener
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, httpx.TransportError):
                await task


def alert(name: str) -> dict[str, Any]:
    """Return an alert as Alertmanager tells it."""
    return {
        "status": "firing",
        "labels": {"alertname": name, "severity": "page"},
        "annotations": {"summary": f"{name}."},
        "startsAt": BEGAN,
        "endsAt": NEVER,
        "fingerprint": name.lower(),
    }


async def tell(server: Component, *alerts: str) -> None:
    """Tell a server what Alertmanager would."""
    body = {"version": "4", "externalURL": "http://127.0.0.1:9093", "alerts": [alert(one) for one in alerts]}
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=10) as client:
        (await client.post("/alerts", json=body)).raise_for_status()


async def order(server: Component, path: str, body: dict[str, Any]) -> None:
    """Give an order about incidents."""
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=10) as client:
        (await client.post(f"/incidents/{path}", json=body)).raise_for_status()


async def said(server: Component, part: str) -> list[str]:
    """Return what is shown of what `alertmanager` said with ``part`` in it, newest first."""
    timeline = await server.get("/timeline", bot="alertmanager", limit=1000)
    return [message["text"] for message in timeline["messages"] if part in message["text"]]


async def after_all(twins: Twins, mark: str) -> None:
    """Return when both servers show all that was published so far."""
    await tell(twins.servers[0], mark)
    for server in twins.servers:
        await eventually(partial(said, server, f"{mark}."), what=mark)


async def test_each_message_is_shown_once_by_each(twins: Twins) -> None:
    """Both servers show all that bots said, once; a listener whose server goes continues at the other."""
    async with (
        eavesdropping(twins.servers[0]) as first,
        eavesdropping(twins.servers[1]) as second,
        twins.bots(8) as bots,
    ):
        await eventually(lambda: len(bots.events("message.said")) > 60, 30, "sixty messages")
        assert await bots.stop() == 0
        lines = [*bots.events("message.said"), *bots.events("tweet.posted")]
        everything = {line["message_id"] for line in lines}
        for listener in (first, second):
            await eventually(partial(listener.has, everything), 20, "every message")
            assert set(listener.times(everything).values()) == {1}
    at, _ = first.heard[-3]
    async with eavesdropping(twins.servers[1], **{"last-event-id": at}) as moved:
        await eventually(lambda: len(moved.heard) >= 2, what="the lines after it")
    assert moved.heard[:2] == first.heard[-2:]


async def test_an_alert_that_both_are_told_is_said_once(twins: Twins) -> None:
    """Two Alertmanagers, or one that tries again, tell both servers: the chat has it once, the sum too."""
    names = [f"Doubled{number}" for number in range(6)]
    await asyncio.gather(*(tell(server, *names) for server in twins.servers))
    await tell(twins.servers[1], *names)
    await after_all(twins, "MarkA")
    for server in twins.servers:
        assert len(await said(server, "Doubled")) == 3
        assert len(await said(server, "3 more alerts like this")) == 1

    await tell(twins.servers[1], *names, "Doubled6")
    await after_all(twins, "MarkB")
    for server in twins.servers:
        assert len(await said(server, "Doubled6.")) == 1, "what is new among what was told is said"
        assert len(await said(server, "Doubled")) == 4


async def test_no_news_hides_behind_a_sum(twins: Twins) -> None:
    """Where the group has grown before the other server is told of it, the chat has a new sum."""
    names = [f"Grown{number}" for number in range(8)]
    await tell(twins.servers[0], *names[:7])
    await tell(twins.servers[1], *names)
    await after_all(twins, "MarkD")
    for server in twins.servers:
        assert len(await said(server, "Grown")) == 3
        assert len(await said(server, "4 more alerts like this")) == 1
        assert len(await said(server, "5 more alerts like this")) == 1


async def test_what_the_other_said_long_ago_is_not_said_again(twins: Twins) -> None:
    """Alertmanager repeats what still fires: the other server has heard it, and let go of the line since."""
    keeper, forgetful = twins.servers
    await tell(keeper, "Lasting")
    await eventually(lambda: said(forgetful, "Lasting."), what="the alert")
    for number in range(0, FEW, 3):
        await tell(keeper, *(f"Passing{number + more}" for more in range(3)))

    async def gone() -> bool:
        return not await said(forgetful, "Lasting.")

    await eventually(gone, what="the alert out of the archive")
    await tell(forgetful, "Lasting")
    await after_all(twins, "MarkC")
    assert await said(forgetful, "Lasting.") == []
    assert len(await said(keeper, "Lasting.")) == 1


async def test_an_incident_is_everybodys(twins: Twins) -> None:
    """It is begun at one server and ended at the other; bots obey once, and Grafana has one annotation."""

    async def running(server: Component) -> list[str]:
        return [one["name"] for one in (await server.get("/incidents"))["running"]]

    async def ended(server: Component) -> bool:
        return not await running(server)

    first, second = twins.servers
    async with twins.bots(2) as bots:
        await order(first, "slow-dialect/start", {"seconds": 60})
        for server in twins.servers:
            await eventually(partial(running, server), what="the incident")
            assert await running(server) == ["slow-dialect"]
        await order(second, "slow-dialect/stop", {})
        for server in twins.servers:
            await eventually(partial(ended, server), what="its end")
        await eventually(lambda: bots.events("incident.ended"))
        assert len(bots.events("incident.started")) == 1
    await eventually(lambda: len(twins.grafana) >= 2, what="the end of the annotation")
    for server in twins.servers:
        assert len(server.events("incident.ended")) == 1, "nobody is still about to write"
    assert [method for method, *_ in twins.grafana] == ["POST", "PATCH"]


async def test_both_lists_are_the_same(twins: Twins) -> None:
    """Both queue-managers list the same bots, and lead Prometheus to both servers and all bots."""

    async def bots_of(manager: Component) -> list[dict[str, Any]]:
        listed = (await manager.get("/bots", limit=1000))["bots"]
        return [bot for bot in listed if bot["instance"] == "twins-bots"]

    async def complete(manager: Component, wanted: set[tuple[str, str]]) -> bool:
        groups = await manager.get("/sd/prometheus")
        found = {(group["labels"]["component"], group["targets"][0]) for group in groups}
        return wanted <= found and len(await bots_of(manager)) == 8

    async with twins.bots(8) as bots:
        wanted = {("server", server.address) for server in twins.servers} | {("bots", bots.address)}
        for manager in twins.managers:
            own = {("queue-manager", manager.address)}
            await eventually(partial(complete, manager, wanted | own), 30, "bots and targets")
        one, other = [{bot["name"] for bot in await bots_of(manager)} for manager in twins.managers]
        assert one == other
        for server in twins.servers:
            assert server.events("stream.reading"), "each has a queue of its own for orders, and reads"
