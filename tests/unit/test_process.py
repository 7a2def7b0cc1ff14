import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from rabbit_chatter.errors import AddressError
from rabbit_chatter.incidents.seams import Seams
from rabbit_chatter.process import Process
from rabbit_chatter.settings import ServiceSettings, TelemetrySettings
from rabbit_chatter.telemetry.metrics import Metrics, exemplar
from rabbit_chatter.telemetry.tracing import Tracing

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def process() -> Process:
    """Return a component that exports nothing."""
    telemetry = TelemetrySettings(otlp_base=None, otlp_endpoint=None)
    tracing = Tracing(telemetry, "test", "test")
    metrics = Metrics(CollectorRegistry(), "server")
    return Process("server", ServiceSettings(), telemetry, tracing, metrics, Seams(metrics))


@asynccontextmanager
async def client(process: Process) -> AsyncIterator[httpx.AsyncClient]:
    """Serve ``process`` on a free port, and talk to it."""
    async with (
        process.serving(FastAPI(), 0) as address,
        httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as talking,
    ):
        yield talking


async def test_ready_while_it_can_work(process: Process) -> None:
    """Not ready at first, ready when all checks hold, and not ready any more as soon as it is stopping."""
    working = {"broker": False, "archive": True}
    process.checks = {"broker": lambda: working["broker"], "archive": lambda: working["archive"]}
    async with client(process) as talking:
        first = await talking.get("/readyz")
        assert (first.status_code, first.json()) == (503, {"ready": False, "checks": working})
        working["broker"] = True
        second = await talking.get("/readyz")
        assert (second.status_code, second.json()) == (200, {"ready": True, "checks": working})
        process.stopping.set()
        third = await talking.get("/readyz")
        assert (third.status_code, third.json()) == (503, {"ready": False, "checks": working})
        assert (await talking.get("/healthz")).status_code == 200


async def test_alive_though_not_ready(process: Process) -> None:
    """Whoever waits for the broker is not ready, but needs no restart."""
    process.checks["broker"] = lambda: False
    async with client(process) as talking:
        answer = await talking.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_leaving_the_block_is_stopping(process: Process) -> None:
    """When the block ends, the component is stopping, and its port is free again."""
    async with client(process) as talking:
        port = talking.base_url.port
        assert not process.stopping.is_set()
    assert process.stopping.is_set()
    with socket.create_server(("127.0.0.1", port or 0)):
        pass


async def test_port_in_use_is_an_error(process: Process) -> None:
    """A port that somebody has is told at once, with what to do."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(AddressError, match=f":{taken.getsockname()[1]} .*choose another with --port"),
    ):
        async with process.serving(FastAPI(), taken.getsockname()[1]):
            pass


async def test_listens_on_loopback_alone(process: Process) -> None:
    """Unless asked otherwise, nobody outside this machine is answered."""
    async with client(process) as talking:
        assert talking.base_url.host == "127.0.0.1"


async def test_metrics_have_exemplars_where_they_are_accepted(process: Process) -> None:
    """Prometheus, which accepts OpenMetrics, gets exemplars; whoever does not gets the plain format."""
    context = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))
    with trace.use_span(NonRecordingSpan(context)):
        process.metrics.queue_wait.labels("dm", "echo").observe(0.2, exemplar())
    async with client(process) as talking:
        rich = await talking.get("/metrics", headers={"accept": f"{OPEN_METRICS},text/plain;q=0.5"})
        plain = await talking.get("/metrics", headers={"accept": "text/plain"})
    assert rich.headers["content-type"].startswith("application/openmetrics-text")
    assert rich.text.endswith("# EOF\n")
    families = text_string_to_metric_families(rich.text)  # type: ignore[no-untyped-call]
    shown = [sample.exemplar for family in families for sample in family.samples if sample.exemplar]
    assert [found.labels["trace_id"] for found in shown] == [f"{0xABC:032x}"]
    assert plain.headers["content-type"].startswith("text/plain")
    assert f"{0xABC:032x}" not in plain.text
    assert 'chatter_queue_wait_seconds_count{dialect="echo",' in plain.text


async def test_documented_for_people_who_ask(process: Process) -> None:
    """The three routes that every component has are in its OpenAPI description."""
    async with client(process) as talking:
        paths = (await talking.get("/openapi.json")).json()["paths"]
    assert {"/metrics", "/healthz", "/readyz"} <= set(paths)
    assert all(paths[path]["get"]["description"] for path in ("/metrics", "/healthz", "/readyz"))
