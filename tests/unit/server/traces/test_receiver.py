import asyncio
import gzip
import sqlite3
import threading
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from prometheus_client import CollectorRegistry

from rabbit_chatter.server.guard import require_token
from rabbit_chatter.server.metrics import ServerMetrics
from rabbit_chatter.server.traces.keeper import MOST_WAITING, Keeper
from rabbit_chatter.server.traces.receiver import MAX_BODY_BYTES, PATH, add_receiver
from rabbit_chatter.server.traces.span import Span

JSON, PROTOBUF = "application/json", "application/x-protobuf"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Receiver:
    """The receiver, called in this process, with its store and metrics."""

    def __init__(self, file: Path | None = None) -> None:
        self.app = FastAPI()
        self.keeper = Keeper(file, 1000, 1_000_000)
        self.registry = CollectorRegistry()
        add_receiver(self.app, self.keeper, ServerMetrics(self.registry))

    async def post(self, body: bytes, kind: str = PROTOBUF, **headers: str) -> httpx.Response:
        """Send a request; underscores in the names of headers stand for dashes."""
        named = {"content-type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(PATH, content=body, headers=named)

    def counted(self, outcome: str) -> float | None:
        """Return the number of spans with an outcome."""
        return self.registry.get_sample_value("chatter_trace_spans_received_total", {"outcome": outcome})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a receiver with a temporary store."""
    made = Receiver()
    yield made
    made.keeper.close()


def request(*span_ids: str, trace: str = TRACE) -> ExportTraceServiceRequest:
    """Return a request with some spans."""
    made = ExportTraceServiceRequest()
    spans = made.resource_spans.add().scope_spans.add().spans
    for span_id in span_ids:
        spans.add(trace_id=bytes.fromhex(trace), span_id=bytes.fromhex(span_id), name="x")
    return made


GOOD = request("00f067aa0ba902b7").SerializeToString()


def problem(answer: httpx.Response) -> Status:
    """Return the Status that an answer carries, in the answer's own encoding."""
    if answer.headers["content-type"] == PROTOBUF:
        return Status.FromString(answer.content)
    assert answer.headers["content-type"] == JSON
    return json_format.Parse(answer.content, Status())


@pytest.mark.parametrize("kind", [PROTOBUF, f"{PROTOBUF}; x=y", "Application/X-Protobuf"])
@pytest.mark.parametrize("packed", [False, True])
async def test_spans_are_taken(receiver: Receiver, kind: str, packed: bool) -> None:  # noqa: FBT001 - a parameter
    """Protobuf is taken, with gzip or without, and the answer is an empty protobuf response."""
    body = gzip.compress(GOOD) if packed else GOOD
    answer = await receiver.post(body, kind, **({"content_encoding": "gzip"} if packed else {}))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == PROTOBUF
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
    assert len(await receiver.keeper.spans(TRACE)) == 1
    assert receiver.counted("kept") == 1


async def test_json_is_answered_in_json(receiver: Receiver) -> None:
    """Whoever speaks JSON is answered in JSON."""
    body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"00f067aa0ba902b7"}]}]}]}'
    answer = await receiver.post(body % TRACE.encode(), JSON)
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, JSON, {})
    assert len(await receiver.keeper.spans(TRACE)) == 1


async def test_the_sender_learns_what_was_refused(receiver: Receiver) -> None:
    """A span without an id does not harm the others, and is counted in the answer."""
    body = request("00f067aa0ba902b7", "0000000000000000").SerializeToString()
    answer = await receiver.post(body)
    assert answer.status_code == 200
    assert ExportTraceServiceResponse.FromString(answer.content).partial_success.rejected_spans == 1
    assert (receiver.counted("kept"), receiver.counted("refused")) == (1, 1)


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        (b"\xff\xff", PROTOBUF, {}, 400),
        (b"{", JSON, {}, 400),
        (b"not gzip", PROTOBUF, {"content_encoding": "gzip"}, 400),
        (gzip.compress(GOOD)[:-9], PROTOBUF, {"content_encoding": "gzip"}, 400),
        (bytes(MAX_BODY_BYTES + 1), PROTOBUF, {}, 413),
        (gzip.compress(bytes(50 * MAX_BODY_BYTES)), PROTOBUF, {"content_encoding": "gzip"}, 413),
        (GOOD, "text/plain", {}, 415),
        (GOOD, "", {}, 415),
        (zlib.compress(GOOD), PROTOBUF, {"content_encoding": "deflate"}, 415),
        (GOOD, PROTOBUF, {"origin": "http://evil.example"}, 403),
        (GOOD, PROTOBUF, {"host": "rebound.example"}, 403),
    ],
    ids=[
        "protobuf",
        "json",
        "no gzip",
        "half",
        "large",
        "bomb",
        "text",
        "none",
        "deflate",
        "page",
        "rebound",
    ],
)
async def test_what_cannot_be_taken_gets_its_status(
    receiver: Receiver, body: bytes, kind: str, headers: dict[str, str], status: int
) -> None:
    """Each failure has the status that the specification names, and a Status that says why."""
    answer = await receiver.post(body, kind, **headers)
    assert answer.status_code == status
    assert problem(answer).message
    assert await receiver.keeper.spans(TRACE) == []


async def test_a_busy_receiver_says_when_to_come_again(receiver: Receiver) -> None:
    """While too many wait the answer is 429 with a pause, and 200 once there is room."""
    release = threading.Event()

    def slow(_: bytes) -> tuple[list[Span], int]:
        release.wait(10)
        return [], 0

    waiting = [asyncio.create_task(receiver.keeper.take(slow, b"")) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    answer = await receiver.post(GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    release.set()
    await asyncio.gather(*waiting)
    assert (await receiver.post(GOOD)).status_code == 200


async def test_a_store_that_cannot_write_is_not_the_senders_fault(tmp_path: Path) -> None:
    """While the file takes nothing the answer is 503 with a pause, and nothing is lost that is sent again."""
    file = tmp_path / "traces.sqlite"
    receiver = Receiver(file)
    assert (await receiver.post(request("00000000000000aa").SerializeToString())).status_code == 200
    other = sqlite3.connect(file)
    other.execute("BEGIN IMMEDIATE")
    answer = await receiver.post(GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    other.rollback()
    other.close()
    assert (await receiver.post(GOOD)).status_code == 200
    assert len(await receiver.keeper.spans(TRACE)) == 2
    receiver.keeper.close()


async def test_off_loopback_a_token_is_asked_for(receiver: Receiver) -> None:
    """Whoever listens for other machines takes spans only from those who know the token."""
    token = require_token(receiver.app, "0.0.0.0", None)  # noqa: S104 - nobody listens there
    assert token
    answer = await receiver.post(GOOD)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (await receiver.post(GOOD, authorization="Bearer wrong")).status_code == 401
    assert (await receiver.post(GOOD, authorization=f"bearer {token}")).status_code == 200
    assert require_token(receiver.app, "::1", None) is None
    assert (await receiver.post(GOOD)).status_code == 200
