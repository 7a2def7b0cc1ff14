"""What every long-running component has: telemetry, an HTTP address, a readiness, and an orderly end.

The order matters: telemetry opens first and is flushed last; a SIGTERM first makes ``/readyz`` say no,
then the component drains, then the HTTP server closes.
"""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from opentelemetry import propagate
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel

from rabbit_chatter.errors import AddressError
from rabbit_chatter.incidents.seams import Seams
from rabbit_chatter.settings import ServiceSettings, TelemetrySettings
from rabbit_chatter.telemetry.counted import CountedExporter
from rabbit_chatter.telemetry.logs import configure_logs
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.telemetry.tracing import Tracing, make_exporter

# A stream's server span would end with the stream, and scrapes would bury everything else.
# And a trace that names an incident would answer the question that it asks.
_UNTRACED_PATHS = "metrics,healthz,readyz,eavesdrop,incidents"

log = structlog.get_logger()


class Readiness(BaseModel):
    """Whether a component can do its work, and what it waits for."""

    ready: bool
    checks: dict[str, bool]


@dataclass
class Process:
    """A running component.

    Attributes:
        component: ``server``, ``queue-manager``, ``bots`` or ``autoscaler``.
        settings: where it listens.
        telemetry: how traces and logs are written.
        tracing: its tracers.
        metrics: its metrics, in a registry of its own.
        seams: where an incident may put something around a part of it.
        stopping: set by SIGTERM or SIGINT.
        checks: by name, what must hold for ``/readyz`` to say yes.
    """

    component: str
    settings: ServiceSettings
    telemetry: TelemetrySettings
    tracing: Tracing
    metrics: Metrics
    seams: Seams
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    checks: dict[str, Callable[[], bool]] = field(default_factory=dict)

    @asynccontextmanager
    async def serving(self, app: FastAPI, port: int, untraced: str = "") -> AsyncIterator[str]:
        """Serve ``app`` with ``/metrics``, ``/healthz`` and ``/readyz`` while the block runs.

        Args:
            app: the component's own routes.
            port: to listen on; 0 takes a free one.
            untraced: more paths without spans, as regular expressions with commas between them.

        Yields:
            ``host:port`` under which it answers.

        Raises:
            AddressError: nobody can listen there, as where the port is in use.
        """
        app.include_router(self._operations())
        FastAPIInstrumentor.instrument_app(
            app, excluded_urls=f"{_UNTRACED_PATHS},{untraced}".strip(","), exclude_spans=["receive", "send"]
        )
        config = uvicorn.Config(
            self.seams.around_server(app),
            self.settings.host,
            port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        listener = self._listen(port, config.backlog)
        server = _Server(config)
        address = f"{self.settings.host}:{listener.getsockname()[1]}"
        task = asyncio.create_task(server.serve([listener]), name="http")
        try:
            log.info("http.listening", address=address, component=self.component)
            yield address
        finally:
            self.stopping.set()
            server.should_exit = True
            await task
            listener.close()

    def _listen(self, port: int, backlog: int) -> socket.socket:
        try:
            listener = socket.create_server((self.settings.host, port), backlog=backlog)
        except OSError as error:
            where = f"{self.settings.host}:{port}"
            raise AddressError(f"cannot listen on {where} ({error}); choose another with --port") from error
        # asyncio does this only for sockets that it made itself; without it a small answer waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    def _operations(self) -> APIRouter:
        router = APIRouter(tags=["operations"])
        exposed = self.seams.around_registry(self.metrics.registry)

        @router.get("/metrics", response_class=Response)
        def metrics(request: Request) -> Response:
            """Metrics in Prometheus' text format, or OpenMetrics with exemplars where that is accepted."""
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
            return Response(encode(exposed), media_type=None, headers={"content-type": content_type})

        @router.get("/healthz")
        async def healthz() -> dict[str, str]:
            """Answer as long as the event loop turns."""
            return {"status": "ok"}

        @router.get("/readyz", responses={503: {"model": Readiness}})
        async def readyz(response: Response) -> Readiness:
            """Say whether the component can do its work, and what it waits for."""
            checks = {name: check() for name, check in self.checks.items()}
            ready = all(checks.values()) and not self.stopping.is_set()
            response.status_code = 200 if ready else 503
            return Readiness(ready=ready, checks=checks)

        return router


def calm_garbage_collector() -> None:
    """Let the collector look less often, and never again at what was there at the start.

    A message leaves hardly any cycles behind, but makes enough objects to start a collection every few
    messages, each of which walks through all that was imported (``docs/performance.md``).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class _Server(uvicorn.Server):
    """Leaves the signals to us: we drain before HTTP closes."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def process(
    component: str, service: str, telemetry: TelemetrySettings | None = None
) -> AsyncIterator[Process]:
    """Set a component up from the environment, and take it down in reverse order.

    Args:
        component: ``server``, ``queue-manager``, ``bots`` or ``autoscaler``; a metric label.
        service: its ``service.name`` in traces and ``service`` in log lines.
        telemetry: how traces and logs are written, where the environment does not say.
    """
    settings, telemetry = ServiceSettings(), telemetry or TelemetrySettings()
    configure_logs(telemetry, service)
    registry = CollectorRegistry()
    metrics = Metrics(registry, component)
    seams = Seams(metrics)
    metrics.queue_wait = seams.around_waits(metrics.queue_wait)
    exporter = make_exporter(telemetry)
    counted = CountedExporter(exporter, metrics.exported) if exporter else None
    tracing = Tracing(telemetry, service, settings.instance, counted, seams.around_sampler)
    tracing.install()
    propagate.set_global_textmap(seams.around_propagator(propagate.get_global_textmap()))
    HTTPXClientInstrumentor().instrument()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    running = Process(component, settings, telemetry, tracing, metrics, seams)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.stopping.set)
    calm_garbage_collector()
    log.info("process.started", component=component, instance=settings.instance)
    try:
        yield running
    finally:
        with suppress(Exception):  # a receiver that is away must not keep us from ending
            await asyncio.to_thread(tracing.shutdown)
        log.info("process.stopped", component=component)
