"""Incidents on real components: they do what they say, end by themselves, and keep a secret."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from rabbit_chatter.cli import app
from rabbit_chatter.errors import ChatterError
from rabbit_chatter.up.operator import Operator
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, queue_manager


@dataclass
class Stage:
    """A chat server, a queue-manager and eight hasty bots."""

    server: Component
    manager: Component
    bots: Component

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send an order to the chat server."""
        async with httpx.AsyncClient(base_url=f"http://{self.server.address}", timeout=20) as client:
            return await client.post(path, json=body or {}, headers=headers)

    async def start(self, name: str, seconds: int, intensity: float = 1.0, **more: object) -> None:
        """Start an incident."""
        wanted = {"seconds": seconds, "intensity": intensity, "seed": "test", **more}
        (await self.post(f"/incidents/{name}/start", wanted)).raise_for_status()

    async def running(self) -> list[dict[str, Any]]:
        """Return what the chat server says that runs."""
        found: list[dict[str, Any]] = (await self.server.get("/incidents"))["running"]
        return found

    async def total(self, of: Component, metric: str, **labels: str) -> float:
        """Return the sum of a metric's series whose labels begin like these."""
        async with httpx.AsyncClient(base_url=f"http://{of.address}", timeout=20) as client:
            text: str = (await client.get("/metrics")).text
        lines = re.findall(rf"^{metric}(?:{{(.*)}})? (\S+)", text, re.MULTILINE)
        wanted = [f'{name}="{value}' for name, value in labels.items()]
        return sum(float(value) for found, value in lines if all(pair in found for pair in wanted))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on(broker: PrivateBroker) -> AsyncIterator[Stage]:
    """Let eight bots chat, once for all tests here."""
    async with (
        queue_manager(broker) as manager,
        component(
            "server",
            CHATTER_AMQP_URL=broker.amqp_url("chatter-server"),
            CHATTER_INSTANCE="incidents-server",
        ) as server,
        component(
            "bots", "--count", "8", "--tempo", "8", "--seed", "incidents",
            CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
            CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
            CHATTER_INSTANCE="incidents-bots",
        ) as bots,
    ):  # fmt: skip
        await asyncio.gather(server.ready(), bots.ready())

        async def listening() -> bool:  # both have a queue on the control fanout
            queues = (await manager.get("/queues", name="control.incidents-"))["queues"]
            return [queue["consumers"] for queue in queues] == [1, 1]

        await eventually(listening)
        yield Stage(server, manager, bots)


@pytest.mark.asyncio(loop_scope="module")
async def test_wrappers_do_what_they_say_and_end_by_themselves(on: Stage) -> None:
    """A handler refuses, a dialect is slow, a context is lost, a clock is wrong, inboxes are deaf."""
    names = [
        "dead-letter-surge", "slow-dialect", "trace-context-lost", "clock-skew", "consumer-crash",
        "duplicate-delivery", "label-explosion",
    ]  # fmt: skip

    async def harm() -> dict[str, float]:
        slow = await on.total(on.bots, "chatter_compose_duration_seconds_bucket", le="+Inf")
        slow -= await on.total(on.bots, "chatter_compose_duration_seconds_bucket", le="1.0")
        lost = "chatter_messages_without_trace_context_total"
        dead = "chatter_messages_dead_lettered_total"
        heard = "messaging_client_consumed_messages_total"
        worked = "messaging_process_duration_seconds_count"
        inboxes = (await on.manager.get("/queues", name="bot."))["queues"]
        return {
            "dead-letter-surge": await on.total(on.bots, dead, reason="bad-field"),
            "slow-dialect": slow,
            "trace-context-lost": await on.total(on.bots, lost, problem="missing"),
            "clock-skew": await on.total(on.server, "chatter_messages_negative_wait_total"),
            "consumer-crash": sum(queue["consumers"] == 0 for queue in inboxes),
            "duplicate-delivery": await on.total(on.bots, heard, outcome="duplicate"),
            "label-explosion": await on.total(on.bots, worked, message_id=""),
        }

    before = await harm()
    shares = {name: 0.5 if name == "consumer-crash" else 1.0 for name in names}
    await asyncio.gather(*(on.start(name, 3600, share) for name, share in shares.items()))

    async def harmed() -> bool:
        now = await harm()
        return all(now[name] > before[name] for name in names)

    await eventually(harmed, 40, "every incident shows")
    assert {one["name"] for one in await on.running()} == set(names)
    # Ordered again they have another time, and nobody stops them.
    await asyncio.gather(*(on.start(name, 5, share) for name, share in shares.items()))
    await eventually(lambda: len(on.bots.events("incident.ended")) == 2 * len(names), 40, "all have ended")

    async def mended() -> bool:
        now = await harm()
        return now["consumer-crash"] == now["label-explosion"] == 0 and await on.running() == []

    await eventually(mended, 40, "every inbox is read again")
    first = await harm()
    at_least = await on.total(on.bots, "messaging_client_consumed_messages_total") + 30

    async def talked() -> bool:
        return await on.total(on.bots, "messaging_client_consumed_messages_total") > at_least

    await eventually(talked, 40, "the bots go on")
    last = await harm()
    assert {n: last[n] - first[n] for n in ("dead-letter-surge", "clock-skew")} == {
        "dead-letter-surge": 0,
        "clock-skew": 0,
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_orders_are_heard_while_the_chat_is_read(on: Stage) -> None:
    """However many orders come while the chat server reads the stream, it hears each, on one connection."""
    names = ["slow-dialect", "clock-skew", "duplicate-delivery", "dead-letter-surge", "consumer-crash"]
    heard = len(on.server.events("incident.started"))
    for _ in range(25):
        await asyncio.gather(*(on.start(name, 5, 0.1) for name in names))
    await eventually(lambda: len(on.server.events("incident.started")) == heard + 25 * len(names))
    assert await on.total(on.server, "chatter_broker_reconnects_total") == 0

    async def over() -> bool:
        begun, ended = on.bots.events("incident.started"), on.bots.events("incident.ended")
        return len(begun) == len(ended) and await on.running() == []

    await eventually(over, 40, "all are over")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_secret_is_kept_and_an_order_is_checked(on: Stage, tmp_path: Path) -> None:
    """A secret incident is named nowhere until its key is opened; strangers and nonsense are refused."""
    url, logs = f"http://{on.server.address}", (len(on.server.log), len(on.bots.log))
    options = ("--server", url, "--folder", str(tmp_path))
    said = json.loads(
        await program("start", "--secret", "--seed", "berta", "--for", "10s", "--json", *options)
    )
    reveal = ("reveal", said["key"], "--seed", "berta", "--json", *options[2:])
    assert "may still run" in slip(*reveal)
    (running,) = await on.running()
    assert (running["name"], running["title"], running["secret"]) == (None, None, True)
    for order, code in (
        (on.post("/incidents/slow-dialect/start", origin="http://evil.example"), 403),
        (on.post("/incidents/slow-dialect/start", host="evil.example"), 403),
        (on.post("/incidents/slow-dailect/start"), 404),
        (on.post("/incidents/broker-restart/start"), 409),
        (on.post("/incidents/slow-dialect/start", {"seconds": 10**9}), 422),
        (on.post("/incidents/slow-dialect/start", {"harm": "much"}), 422),
        (on.post("/incidents/slow-dialect/start", {"seed": "x" * 10_000}), 413),
    ):
        answer = await order
        assert answer.status_code == code, answer.text
        assert answer.json()["detail"]

    async def over() -> bool:
        return await on.running() == []

    await eventually(over, 40, "it ends by itself")
    opened = await eventually(
        lambda: CliRunner().invoke(app, ["incident", *reveal]).stdout, 5, "the key opens"
    )
    name = json.loads(opened)["incident"]
    assert (await on.server.get("/incidents"))["incidents"]
    for one, log in ((on.server, logs[0]), (on.bots, logs[1])):
        new = one.log[log:]
        assert name not in json.dumps(new)
        assert not [line for line in new if line["event"].startswith("incident")]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_server_that_starts_later_learns_what_runs(on: Stage, broker: PrivateBroker) -> None:
    """Its page shows the incident as the others do, and ends with it."""
    await on.start("slow-dialect", 600, 0.5)
    await eventually(on.running)
    async with component(
        "server", CHATTER_AMQP_URL=broker.amqp_url("chatter-server"), CHATTER_INSTANCE="late-server"
    ) as late:
        await late.ready()
        other = Stage(late, on.manager, on.bots)
        (learnt,) = await eventually(other.running)
        (known,) = await on.running()
        assert {**learnt, "started": 0, "ends": 0} == {**known, "started": 0, "ends": 0}
        ends = [datetime.fromisoformat(one["ends"]) for one in (learnt, known)]
        assert abs(ends[0] - ends[1]) <= timedelta(seconds=1)
        (await on.post("/incidents/stop")).raise_for_status()

        async def over() -> bool:
            return await other.running() == await on.running() == []

        await eventually(over)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_incident_can_be_stopped(on: Stage) -> None:
    """`incident stop` ends one before its time, and all; what it leaves behind is put in order."""
    for name in ("queue-leak", "unacked-pileup"):
        await on.start(name, 3600)

    async def queues() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await on.manager.get("/queues", limit=1000))["queues"]
        return found

    async def harmed() -> bool:
        held = max(q["unacknowledged"] for q in await queues() if q["name"].startswith("bot."))
        unread = [q for q in await queues() if "-" in q["name"] and not q["consumers"]]
        return held > 2 and len(unread) > 5

    await eventually(harmed, 40, "queues leak, and one inbox is held")
    (await on.post("/incidents/queue-leak/stop")).raise_for_status()

    async def one_runs() -> bool:
        return [one["name"] for one in await on.running()] == ["unacked-pileup"]

    await eventually(one_runs)
    await program("stop", "--server", f"http://{on.server.address}")

    async def mended() -> bool:
        inboxes = [q for q in await queues() if q["name"].startswith("bot.")]
        return all(q["consumers"] == 1 and q["unacknowledged"] <= 1 for q in inboxes)

    await eventually(mended, 40, "every inbox has its consumer")
    assert await on.running() == []


async def test_a_memory_alarm_ends_within_the_node(broker: PrivateBroker, tmp_path: Path) -> None:
    """The operator's expression blocks publishers, and RabbitMQ's own timer lets them go on."""
    operator = Operator(tmp_path, broker.node)

    async def alarm() -> bool:
        async with httpx.AsyncClient(timeout=10) as client:
            text = (await client.get(f"{broker.prometheus_url}/metrics")).text
        return "rabbitmq_alarms_memory_used_watermark 1" in text

    await asyncio.to_thread(operator.start, "memory-alarm", 3600)
    await eventually(alarm, 20, "an alarm")
    await asyncio.to_thread(operator.start, "memory-alarm", 5)

    async def no_alarm() -> bool:
        return not await alarm()

    await eventually(no_alarm, 40, "its end")


async def program(*arguments: str) -> str:
    """Run the command `incident ARGUMENTS`; return what it printed."""
    done = await asyncio.to_thread(CliRunner().invoke, app, ["incident", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def slip(*arguments: str) -> str:
    """Return the sentence with which `incident ARGUMENTS` is refused."""
    done = CliRunner().invoke(app, ["incident", *arguments])
    assert isinstance(done.exception, ChatterError), done.output
    return str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("start",), "which incident"),
        (("start", "slow-dailect"), "did you mean 'slow-dialect'"),
        (("start", "slow-dialect", "--for", "2d"), "90s or 5m"),
        (("start", "slow-dialect", "--secret"), "give a seed and no name"),
        (("start", "slow-dialect", "--server", "http://127.0.0.1:9"), "does not answer"),
        (("start", "memory-alarm"), "docker compose exec rabbitmq rabbitmqctl eval"),
        (("start", "queue-manager-down"), "docker compose stop queue-manager"),
        (("reveal", "abc", "--seed", "anna"), "not from this installation"),
        (("show", "nothing"), "incident list"),
    ],
)
def test_a_slip_is_told(arguments: tuple[str, ...], hint: str, tmp_path: Path) -> None:
    """Whatever is wrong with a command is told in a sentence that says what to do next."""
    folder = () if arguments[0] == "show" else ("--folder", str(tmp_path))
    assert hint in slip(*arguments, *folder)
