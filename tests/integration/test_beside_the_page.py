"""What the page asks the chat server beside the talk; its neighbours answer or do not."""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from house import ANSWERS
from rabbit_chatter.up.ports import free_ports
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, queue_manager, served

NOBODY = "http://127.0.0.1:1"
NOWHERE = "amqp://127.0.0.1:1/chatter"


async def listening(running: Component) -> Component:
    """Return a server that answers HTTP, though it has no broker."""
    found = await eventually(lambda: running.events("http.listening"))
    running.address = found[0]["address"]
    return running


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Component]:
    """Run a chat server whose neighbours are all away."""
    environment: dict[str, Any] = {
        "CHATTER_AMQP_URL": NOWHERE,
        "CHATTER_QUEUE_MANAGER_URL": NOBODY,
        "CHATTER_JAEGER_URL": NOBODY,
        "CHATTER_PROMETHEUS_URL": NOBODY,
        "CHATTER_JAEGER_PAGE": "http://127.0.0.1:16686",
        "CHATTER_TRACES_FILE": str(tmp_path / "traces.sqlite"),
        "CHATTER_LOGS_FOLDER": str(tmp_path),
        "CHATTER_EXERCISES_FOLDER": str(tmp_path),
    }
    async with component("server", **environment) as running:
        yield await listening(running)


async def status(server: Component, path: str) -> tuple[int, str]:
    """Return an answer's status and the sentence in it."""
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=20) as client:
        answer = await client.get(path)
    return answer.status_code, answer.json().get("detail", "")


def export(server: Component, **options: Any) -> str:  # noqa: ANN401 - the exporter's
    """Send a span with the official exporter; return its trace id."""
    exporter = OTLPSpanExporter(endpoint=f"http://{server.address}/v1/traces", **options)
    provider = TracerProvider(resource=Resource({"service.name": "official"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("hello") as span:
        trace_id = span.get_span_context().trace_id
    provider.shutdown()
    return f"{trace_id:032x}"


async def test_the_official_exporter_is_understood(server: Component) -> None:
    """What OpenTelemetry's own exporter sends, packed or not, can be read, though Jaeger is away."""
    for options in ({}, {"compression": Compression.Gzip}):
        trace_id = export(server, **options)
        answer = await server.get(f"/traces/{trace_id}")
        assert answer["source"] == "here"
        assert [(span["service"], span["name"]) for span in answer["spans"]] == [("official", "hello")]


async def test_receiving_makes_no_spans() -> None:
    """A chat server that exports to itself does not go round in circles: receiving is not traced."""
    (port,) = free_ports(1)
    environment: dict[str, Any] = {
        "CHATTER_AMQP_URL": NOWHERE,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    async with component("server", port=str(port), **environment) as running:
        await listening(running)

        async def kept() -> float:
            async with httpx.AsyncClient() as client:
                text = (await client.get(f"http://{running.address}/metrics")).text
            return float(
                re.findall(r'^chatter_trace_spans_received_total{outcome="kept"} (.*)$', text, re.MULTILINE)[
                    0
                ]
            )

        for _ in range(3):
            export(running)
        await running.get("/timeline")  # which is traced: once its span has come, so have all before

        async def settled() -> bool:
            return await kept() >= 4

        await eventually(settled)
        assert await kept() == 4


async def test_the_last_spans_of_the_server_itself_are_kept(tmp_path: Path) -> None:
    """A chat server that exports to itself does so before it closes, and its next run finds them."""
    (port,) = free_ports(1)
    environment: dict[str, Any] = {
        "CHATTER_AMQP_URL": NOWHERE,
        "CHATTER_TRACES_FILE": str(tmp_path / "traces.sqlite"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
    }
    trace_id = "ef" * 16
    async with component("server", port=str(port), **environment) as running:
        await listening(running)
        headers = {"traceparent": f"00-{trace_id}-{'ab' * 8}-01"}
        async with httpx.AsyncClient() as client:
            (await client.get(f"http://{running.address}/timeline", headers=headers)).raise_for_status()
        assert await running.stop() == 0
    async with component("server", port=str(port), **environment) as running:
        await listening(running)
        assert [span["name"] for span in (await running.get(f"/traces/{trace_id}"))["spans"]] == [
            "GET /timeline"
        ]


async def test_neighbours_that_are_away_are_named(server: Component) -> None:
    """Whatever cannot be answered is told in a sentence that says who is away."""
    for path in ("/queues", "/bots", "/stats"):
        code, said = await status(server, path)
        assert code == 503
        assert "queue-manager does not answer" in said
    assert (await status(server, "/depths?queue=x")) == (
        503,
        "Prometheus does not answer; its log: rabbit-chatter logs prometheus",
    )
    code, said = await status(server, f"/traces/{'ab' * 16}")
    assert code == 404
    assert "no span of this trace" in said
    assert (await status(server, "/traces/nonsense"))[0] == 422
    assert (await status(server, "/messages/nothing"))[0] == 404
    tools = await server.get("/tools")
    assert tools["jaeger"] == "http://127.0.0.1:16686"  # where a browser finds it
    assert (tools["prometheus"], tools["grafana"], tools["logs"]) == (NOBODY, None, True)


async def test_log_lines_of_a_trace(server: Component, tmp_path: Path) -> None:
    """Lines of all processes that carry a trace's id come back by time; what is no JSON is passed over."""
    trace_id = "ab" * 16
    late, early = ({"timestamp": moment, "event": moment, "trace_id": trace_id} for moment in ("2", "1"))
    (tmp_path / "bots.log").write_text(f"{json.dumps(late)}\nplain words about {trace_id}\n{{}}\n")
    (tmp_path / "server.log.1").write_text(f"{json.dumps(early)}\n")
    lines = (await server.get(f"/traces/{trace_id}/logs"))["lines"]
    assert [(line["process"], line["event"]) for line in lines] == [("server", "1"), ("bots", "2")]


async def test_the_queue_manager_is_asked_for_all_pages_at_once(broker: PrivateBroker) -> None:
    """The chat server passes on what the queue-manager says, and refuses what that would not know."""
    async with queue_manager(broker) as manager:
        environment: dict[str, Any] = {"CHATTER_QUEUE_MANAGER_URL": f"http://{manager.address}"}
        async with component("server", CHATTER_AMQP_URL=NOWHERE, **environment) as running:
            await listening(running)
            mine = await running.get("/queues", sort="messages", order="desc", name="firehose")
            assert [queue["name"] for queue in mine["queues"]] == ["chatter.firehose"]
            assert mine["total"] == (await manager.get("/queues", name="firehose"))["total"]
            assert (await status(running, "/queues?sort=nonsense"))[0] == 422


@contextmanager
def jaeger(spans: dict[str, bytes]) -> Iterator[str]:
    """Speak Jaeger's API version 3, as version 2.13 does: OTLP in a result, 404 for what is not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = spans.get(self.path.removeprefix("/api/v3/traces/"))
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b'{"error": {"httpCode": 404}}')

    with served(Handler) as url:
        yield url


async def test_traces_come_from_jaeger_where_it_is() -> None:
    """A trace that Jaeger has is Jaeger's; one that was sent to us is ours."""
    span = {"traceId": "cd" * 16, "spanId": "ab" * 8, "name": "kept by Jaeger"}
    body = json.dumps({"result": {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}}).encode()
    with jaeger({"cd" * 16: body}) as url:
        async with component("server", CHATTER_AMQP_URL=NOWHERE, CHATTER_JAEGER_URL=url) as running:
            await listening(running)
            theirs = await running.get(f"/traces/{'cd' * 16}")
            assert (theirs["source"], theirs["spans"][0]["name"]) == ("jaeger", "kept by Jaeger")
            assert (await running.get(f"/traces/{export(running)}"))["source"] == "here"


async def test_whoever_listens_for_others_asks_for_a_token() -> None:
    """Off loopback the token of the settings is needed to post an alert; the log does not tell it."""
    environment: dict[str, Any] = {"CHATTER_AMQP_URL": NOWHERE, "CHATTER_TOKEN": "hush"}
    async with component("server", "--host", "0.0.0.0", **environment) as running:  # noqa: S104 - for a moment
        await listening(running)
        url = f"http://127.0.0.1:{running.address.rpartition(':')[2]}/alerts"
        async with httpx.AsyncClient() as client:
            assert (await client.post(url, json={})).status_code == 401
            answer = await client.post(url, json={}, headers={"authorization": "Bearer hush"})
            assert answer.status_code == 422
        assert running.events("http.token")
        assert "hush" not in str(running.log)


async def test_exercises_are_shown_as_they_were_written(server: Component, tmp_path: Path) -> None:
    """Progress and verdicts that have the right form are passed on; who did nothing yet has done nothing."""
    assert await server.get("/exercises") == {"exercises": [], "latest": None, "problem": None}
    assert await status(server, "/exercises/total-depth") == (
        404,
        "not checked yet: rabbit-chatter exercise check total-depth",
    )
    shutil.copytree(ANSWERS, tmp_path, dirs_exist_ok=True)
    told = await server.get("/exercises")
    assert (told["latest"], len(told["exercises"])) == ("queue-growing", 33)
    verdict = await server.get("/exercises/queue-growing")
    assert (verdict["passed"], verdict["score"]) == (False, 92)
    assert {len(line["firing"]) for line in verdict["timelines"]} > {69}


async def test_damaged_exercises_are_not_shown(server: Component, tmp_path: Path) -> None:
    """A file that was damaged, or written by somebody else, makes a sentence: which, and what to do."""
    (tmp_path / ".verdicts").mkdir()
    for content in (
        b"",
        b"\x00\xff",
        b"[" * 100_000,
        b" " * 1_000_001,
        b'{"exercises": 1, "findings": 1}',
        b'{"exercises": [{"name": "../x", "title": "", "topic": "", "state": "solved"}]}',
    ):
        (tmp_path / ".page.json").write_bytes(content)
        (tmp_path / ".verdicts" / "join.json").write_bytes(content)
        told = await server.get("/exercises")
        assert told["exercises"] == []
        assert re.match(r"\.page\.json is (damaged|larger).*rabbit-chatter exercise check", told["problem"])
        code, said = await status(server, "/exercises/join")
        assert code == httpx.codes.NOT_FOUND
        assert re.match(r"join\.json is (damaged|larger)", said)


async def test_a_name_is_no_way_out_of_the_folder(server: Component, tmp_path: Path) -> None:
    """Only names of exercises are looked for; what is no file is not waited for."""
    (tmp_path.parent / "secret.json").write_bytes((ANSWERS / ".verdicts" / "total-depth.json").read_bytes())
    for name in ("..%2F..%2Fsecret", ".page", "A"):
        code, _ = await status(server, f"/exercises/{name}")
        assert code in {httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY}
    os.mkfifo(tmp_path / ".page.json")
    assert "is not a file" in (await server.get("/exercises"))["problem"]
