"""Every query of every panel, asked of a real Prometheus that watches a chat: no error, no empty panel."""

import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aio_pika
import pytest

import plug_ins
from model_server import answer, fail, model_server
from rabbit_chatter import names
from rabbit_chatter.broker import topology
from rabbit_chatter.clock import NANOSECONDS, now_ns
from rabbit_chatter.messages import SENT_HEADER, new_id
from running_demo import Demo
from support import component, eventually

DASHBOARDS = Path(__file__).parents[2] / "grafana/dashboards"
BOARDS: list[dict[str, Any]] = [json.loads(file.read_text()) for file in sorted(DASHBOARDS.glob("*.json"))]
VARIABLES = {"$queue": ".*", "$top": "10", "$dialect": ".*", "$__range": "15m"}

# Panels that have nothing to show while all is well, and why.
_NO_MODEL = "no language model talks unless somebody pays for one; provoked below"
QUIET = {
    "Dialects that failed": "a dialect gets its line with its first failure; provoked below",
    "Time for an answer of a model, 95 %": _NO_MODEL,
    "Calls of models that failed": _NO_MODEL,
    "Tokens per second": _NO_MODEL,
    "Cost per hour, at this rate": _NO_MODEL,
    "Budget of the last hour that is used": _NO_MODEL,
    "Texts that another dialect composed": _NO_MODEL,
    "Processes of bots: wanted and actual": "nobody autoscales unless asked to; tests/slow looks at it",
}

# Panels that show zero while all is well, and must move when strangers misbehave.
PROVOKED = [
    ("chatter-overview", "Publishes that failed per second"),
    ("chatter-overview", "Why did publishes fail?"),
    ("chatter-overview", "Tried again, or given up"),
    ("chatter-queues", "Queues with messages and no reader"),
    ("chatter-queues", "Delivered again, or to nobody"),
    ("chatter-queues", "Dead letters"),
    ("chatter-queues", "Why did the broker make dead letters?"),
    ("chatter-bots", "Dialects that failed"),
    ("chatter-bots", "Time for an answer of a model, 95 %"),
    ("chatter-bots", "Calls of models that failed"),
    ("chatter-bots", "Tokens per second"),
    ("chatter-bots", "Cost per hour, at this rate"),
    ("chatter-bots", "Budget of the last hour that is used"),
    ("chatter-bots", "Texts that another dialect composed"),
    ("chatter-telemetry", "Messages without a usable trace context"),
    ("chatter-telemetry", "Messages from the future"),
    ("chatter-slo", "Burn rate: publishes that failed"),
]

BROKEN = """
from rabbit_chatter.dialects import Dialect

class Broken(Dialect):
    async def tweet(self):
        raise ValueError("no words")

    open = answer = lambda self, *_: self.tweet()
"""

pytestmark = pytest.mark.timeout(180)


class Query(NamedTuple):
    """One query of one panel, ready to be asked."""

    panel: str
    expr: str
    exemplar: bool


def queries_of(board: dict[str, Any]) -> Iterator[Query]:
    """Yield the queries of a board, with its variables filled in."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            expr = target["expr"]
            for name, value in VARIABLES.items():
                expr = expr.replace(name, value)
            yield Query(panel["title"], expr, target.get("exemplar", False))


async def values_of(demo: Demo, expr: str) -> list[float]:
    """Return all numbers that a panel of the last minute would draw."""
    now = time.time()
    answer = await demo.get(
        "prometheus", "/api/v1/query_range", query=expr, start=now - 60, end=now, step=5
    )  # an error is a status of its own, and raised
    series = answer["data"]["result"]
    return [float(value) for one in series for _, value in one["values"] if value != "NaN"]


async def exemplars_of(demo: Demo, expr: str) -> set[str]:
    """Return the traces to which a panel's dots lead."""
    now = time.time()
    answer = await demo.get(
        "prometheus", "/api/v1/query_exemplars", query=expr, start=now - 300, end=now
    )  # fmt: skip
    return {dot["labels"]["trace_id"] for series in answer["data"] for dot in series["exemplars"]}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))
async def test_no_panel_is_empty(demo: Demo, board: dict[str, Any]) -> None:
    """Every query has an answer with numbers in it, and every exemplar query leads to traces."""
    missing = set(queries_of(board))

    async def all_filled() -> bool:
        for query in sorted(missing):
            if query.panel in QUIET or await values_of(demo, query.expr):
                missing.discard(query)
        return not missing

    try:
        await eventually(all_filled, 90)
    except AssertionError:
        pytest.fail("empty panels:\n" + "\n".join(f"{query.panel}: {query.expr}" for query in missing))
    for query in queries_of(board):
        if query.exemplar and query.panel not in QUIET:
            assert await exemplars_of(demo, query.expr), f"no exemplars: {query.panel}"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))
async def test_choosers_and_annotations_are_answered(demo: Demo, board: dict[str, Any]) -> None:
    """A board's variables find values, and its annotations are questions that Prometheus understands."""
    for variable in board.get("templating", {}).get("list", []):
        if variable["type"] == "query":
            metric, label = variable["query"].removeprefix("label_values(").removesuffix(")").split(", ")
            found = await demo.get("prometheus", f"/api/v1/label/{label}/values", **{"match[]": metric})
            assert found["data"]
    for annotation in board["annotations"]["list"]:
        if "expr" in annotation:
            await values_of(demo, annotation["expr"])


@pytest.fixture
async def broken_dialect(demo: Demo, tmp_path: Path) -> AsyncIterator[None]:
    """Let two more bots join that speak a plug-in which always fails."""
    plug_ins.install(tmp_path, BROKEN, "broken")
    async with component(
        "bots", "--count", "2", "--dialect", "broken", "--tempo", "20",
        CHATTER_AMQP_URL=demo.amqp_url("chatter-bot"),
        CHATTER_QUEUE_MANAGER_URL=demo.url("queue_manager"),
        PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    ) as bots:  # fmt: skip
        await bots.ready()
        yield
        assert await bots.stop() == 0


@pytest.fixture
async def moody_model(demo: Demo) -> AsyncIterator[None]:
    """Let two more bots join that ask a language model, which refuses every third call."""
    with model_server() as server:
        server.always = lambda body: fail(500)(body) if len(server.asked) % 3 == 0 else answer(body)
        options = {
            "base_url": server.base_url, "model": "moody", "retries": 0, "failures": 9, "price_output": 1000,
        }  # fmt: skip
        async with component(
            "bots", "--count", "2", "--dialect", "llm", "--tempo", "20",
            *(word for k, value in options.items() for word in ("--dialect-option", f"llm.{k}={value}")),
            CHATTER_AMQP_URL=demo.amqp_url("chatter-bot"),
            CHATTER_QUEUE_MANAGER_URL=demo.url("queue_manager"),
            OTEL_EXPORTER_OTLP_ENDPOINT=demo.receiver.url,
        ) as bots:  # fmt: skip
            await bots.ready()
            yield
            assert await bots.stop() == 0


class Stranger:
    """An AMQP client that does what it should not."""

    def __init__(self, channel: aio_pika.abc.AbstractChannel) -> None:
        self._channel = channel

    async def say(self, key: str, kind: str, body: bytes, sent_ns: int | None = None) -> None:
        """Publish anything, without a trace context."""
        exchange = await self._channel.get_exchange(names.EXCHANGE, ensure=False)
        message = aio_pika.Message(body, type=kind, message_id=new_id(), correlation_id=new_id())
        if sent_ns is not None:
            message.headers[SENT_HEADER] = sent_ns
        await exchange.publish(message, key)

    async def annoy(self, bot: str) -> None:
        """Speak no JSON to ``bot``, then call it from an hour ahead."""
        await self.say(names.invite_key(bot), "invite", b"no JSON")
        invitation = json.dumps({"from": "stranger", "to": bot, "text": ""}).encode()
        await self.say(names.invite_key(bot), "invite", invitation, now_ns() + 3600 * NANOSECONDS)

    async def take_and_give_back(self) -> None:
        """Leave a queue that nobody reads, with a message; return one to it, and reject that for good."""
        await topology.declare_dm(self._channel, "stranger", "nobody")
        for _ in range(2):
            await self.say(names.dm_key("stranger", "nobody"), "dm", b"unread")
        queue = await self._channel.get_queue(names.dm_queue("stranger", "nobody"), ensure=False)
        for requeue in (True, False):
            taken = await queue.get()
            assert taken is not None
            await taken.reject(requeue=requeue)

    async def haunt(self) -> None:
        """Look like twenty bots that no invitation reaches; bots that invite them publish in vain."""
        for number in range(20):
            await self._channel.declare_queue(names.inbox(f"ghost{number}"), exclusive=True)


@pytest.fixture
async def stranger(demo: Demo) -> AsyncIterator[Stranger]:
    """Connect a stranger, whose ghosts disappear with it, and clear up the rest."""
    async with await aio_pika.connect(demo.amqp_url("chatter-bot")) as connection:
        channel = await connection.channel()
        yield Stranger(channel)
        await channel.queue_delete(names.dm_queue("stranger", "nobody"))


async def test_trouble_is_seen(
    demo: Demo, broken_dialect: None, moody_model: None, stranger: Stranger
) -> None:
    """What is zero or empty while all is well moves when it should, so that no quiet panel is just blind."""
    await eventually(lambda: demo.query('chatter_bots{dialect="gibberish"} > 0'), 30, "bots that are watched")
    bots = (await demo.get("queue_manager", "/bots"))["bots"]
    victim = next(bot["name"] for bot in bots if bot["dialect"] == "gibberish")
    wanted = {
        (board["uid"], query.panel): [q.expr for q in queries_of(board) if q.panel == query.panel]
        for board in BOARDS
        for query in queries_of(board)
        if (board["uid"], query.panel) in PROVOKED
    }
    assert sorted(wanted) == sorted(PROVOKED)

    async def all_moved() -> bool:
        for panel, exprs in list(wanted.items()):
            numbers = [number for expr in exprs for number in await values_of(demo, expr)]
            if any(number > 0 for number in numbers):
                del wanted[panel]
        return not wanted

    await stranger.haunt()
    await stranger.annoy(victim)
    await stranger.take_and_give_back()
    try:
        await eventually(all_moved, 90)
    except AssertionError:
        pytest.fail(f"did not move: {sorted(wanted)}")
    assert await exemplars_of(demo, "gen_ai_client_operation_duration_seconds_bucket")
