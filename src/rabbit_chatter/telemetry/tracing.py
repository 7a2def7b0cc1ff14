"""Tracers for many services in one process.

A bot process speaks for many bots, and each is a service instance of its own in Jaeger. So there is a
light :class:`TracerProvider` per bot, all of them sharing one span processor, one exporter and one
thread; a context variable says on whose behalf the running code speaks. The official
instrumentations are given :class:`SwitchingProvider`, which asks that variable.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple
from urllib.parse import unquote

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import (
    ReadableSpan,
    SynchronousMultiSpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from rabbit_chatter import __version__
from rabbit_chatter.errors import TelemetryError
from rabbit_chatter.settings import TelemetrySettings
from rabbit_chatter.telemetry.conventions import BROKER_SERVICE
from rabbit_chatter.telemetry.otlp_json import OtlpJsonExporter

_SCOPE = "rabbit_chatter"

# On whose behalf the running code speaks; `None` is the process itself.
speaker: ContextVar[Tracer | None] = ContextVar("speaker", default=None)


class Hop(NamedTuple):
    """What the next messaging span is called and carries, in today's conventions.

    The official aio-pika instrumentation asks its tracer for a span with names of 2022; the tracer that
    we hand it gives the span described here instead.

    Attributes:
        name: the span's name.
        attributes: replaces the attributes that were asked for.
        links: causes that are not the parent.
    """

    name: str
    attributes: Mapping[str, Any]
    links: Sequence[Link] = ()


hop: ContextVar[Hop | None] = ContextVar("hop", default=None)

# The traceparent of the trace we are in when it is not sampled: passed on as it came, without any span.
untraced: ContextVar[str | None] = ContextVar("untraced", default=None)


class Tracing:
    """All tracer providers of this process, and the way their spans take.

    Args:
        settings: where spans go.
        service: the process's own ``service.name``.
        instance: its ``service.instance.id``.
        exporter: for tests; by default what ``settings`` say, and nothing without an endpoint.
        around: what goes around each tracer's sampler; by default nothing.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        service: str,
        instance: str,
        exporter: SpanExporter | None = None,
        around: Callable[[Sampler], Sampler] | None = None,
    ) -> None:
        self._around = around
        self._processors = SynchronousMultiSpanProcessor()  # type: ignore[no-untyped-call]
        exporter = exporter or make_exporter(settings)
        if exporter is not None:
            self._processors.add_span_processor(
                BatchSpanProcessor(
                    exporter,
                    max_queue_size=settings.queue_size,
                    schedule_delay_millis=settings.batch_delay_ms,
                    max_export_batch_size=min(settings.batch_size, settings.queue_size),
                )
            )
        self.exporting = exporter is not None
        self.topology = settings.topology
        self._base = Resource.create({SERVICE_VERSION: __version__})
        self.own = self.tracer(service, instance)
        self._broker = self._resource(BROKER_SERVICE, instance)
        self._ids = RandomIdGenerator()

    def tracer(self, service: str, instance: str) -> Tracer:
        """Return a new tracer that speaks for ``instance`` of ``service``."""
        provider = TracerProvider(
            resource=self._resource(service, instance),
            shutdown_on_exit=False,
            active_span_processor=self._processors,
        )
        if self._around is not None:
            provider.sampler = self._around(provider.sampler)
        return provider.get_tracer(_SCOPE, __version__)

    def _resource(self, service: str, instance: str) -> Resource:
        return self._base.merge(Resource({SERVICE_NAME: service, SERVICE_INSTANCE_ID: instance}))

    def record(
        self, name: str, parent: SpanContext, attributes: Mapping[str, Any], start: int, end: int
    ) -> SpanContext:
        """Record what the broker did, which is over when we learn of it, as the service ``rabbitmq``.

        The SDK's advice is to make spans through a tracer only; for a span that is born complete that costs
        five times as much and gives the same.

        Args:
            name: of the span.
            parent: sampled, so this one is.
            attributes: of the span.
            start: nanoseconds since 1970.
            end: nanoseconds since 1970, not before ``start``.
        """
        context = SpanContext(
            parent.trace_id, self._ids.generate_span_id(), is_remote=False, trace_flags=parent.trace_flags
        )
        span = ReadableSpan(name, context, parent, self._broker, attributes, start_time=start, end_time=end)
        self._processors.on_end(span)
        return context

    def install(self) -> None:
        """Make this the process's tracing: the global provider and W3C trace context, nothing else.

        Raises:
            TelemetryError: another provider was installed before; its spans would go elsewhere.
        """
        provider = SwitchingProvider(self.own)
        trace.set_tracer_provider(provider)
        if trace.get_tracer_provider() is not provider:
            raise TelemetryError("another tracer provider is already installed in this process")
        propagate.set_global_textmap(TraceContextTextMapPropagator())

    def flush(self) -> None:
        """Send what is waiting."""
        self._processors.force_flush()

    def shutdown(self) -> None:
        """Send what is waiting and stop."""
        self._processors.shutdown()


def make_exporter(settings: TelemetrySettings) -> SpanExporter | None:
    """Return the exporter for ``settings``, or ``None`` where no endpoint is set.

    Raises:
        TelemetryError: the protocol's package is not installed.
    """
    if settings.traces_url is None:
        return None
    if settings.otlp_protocol == "grpc":
        try:
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415 - optional
                OTLPSpanExporter as GrpcExporter,
            )
        except ImportError as error:
            raise TelemetryError("OTLP over gRPC needs: pip install 'rabbit-chatter[grpc]'") from error
        exporter: SpanExporter = GrpcExporter(endpoint=settings.otlp_endpoint or settings.otlp_base)
        return exporter
    if settings.otlp_protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - protobuf is large
            OTLPSpanExporter as ProtobufExporter,
        )

        return ProtobufExporter(endpoint=settings.traces_url)
    pairs = (
        pair.partition("=") for pair in settings.otlp_headers.get_secret_value().split(",") if "=" in pair
    )
    headers = {key.strip(): unquote(value.strip()) for key, _, value in pairs}
    return OtlpJsonExporter(settings.traces_url, headers, settings.otlp_timeout)


@contextmanager
def speaking(tracer: Tracer) -> Iterator[None]:
    """Let spans within the block belong to ``tracer``'s service."""
    token = speaker.set(tracer)
    try:
        yield
    finally:
        speaker.reset(token)


def current_tracer() -> Tracer:
    """Return the tracer of whoever is speaking."""
    return speaker.get() or trace.get_tracer(_SCOPE)


class SwitchingProvider(trace.TracerProvider):
    """Hands out one tracer that speaks for whoever is speaking.

    Args:
        default: used where nobody was named.
    """

    def __init__(self, default: Tracer) -> None:
        self._tracer = SwitchingTracer(default)

    def get_tracer(
        self,
        instrumenting_module_name: str,  # noqa: ARG002
        instrumenting_library_version: str | None = None,  # noqa: ARG002
        schema_url: str | None = None,  # noqa: ARG002
        attributes: Attributes = None,  # noqa: ARG002
    ) -> "SwitchingTracer":
        """Return the switching tracer; the scope is ours, whoever asks."""
        return self._tracer


class SwitchingTracer(Tracer):
    """Starts spans for whoever is speaking, and as the current :class:`Hop` says for messaging spans."""

    def __init__(self, default: Tracer) -> None:
        self._default = default

    def start_span(  # noqa: PLR0913 - OpenTelemetry's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002 - OpenTelemetry's signature
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002 - OpenTelemetry's signature
    ) -> Span:
        """Start a span; see :meth:`opentelemetry.trace.Tracer.start_span`."""
        if kind in (SpanKind.PRODUCER, SpanKind.CONSUMER) and (described := hop.get()) is not None:
            name, attributes, links = described
        return (speaker.get() or self._default).start_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        )

    @contextmanager
    def start_as_current_span(  # type: ignore[override] # noqa: PLR0913 - OpenTelemetry's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002 - OpenTelemetry's signature
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002 - OpenTelemetry's signature
        end_on_exit: bool = True,  # noqa: FBT001, FBT002 - OpenTelemetry's signature
    ) -> Iterator[Span]:
        """Start a span and make it current; see :meth:`opentelemetry.trace.Tracer.start_as_current_span`."""
        span = self.start_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        )
        with trace.use_span(span, end_on_exit, record_exception, set_status_on_exception):
            yield span
