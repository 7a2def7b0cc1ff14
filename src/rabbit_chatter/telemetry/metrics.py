"""Every metric that a component exposes, declared once.

Names and labels are those of OpenTelemetry's messaging conventions, as Prometheus spells them, where
they exist, and ``chatter_…`` otherwise. Units are base units. No label grows with the number of bots,
conversations or messages: ``messaging_destination_template`` is the kind of message, ``dialect`` one of
those installed, and histograms are never per bot. A slow message is found through its exemplar.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from rabbit_chatter import __version__
from rabbit_chatter.messages import Kind, Reason

# 1.0 must stay an exact bound: the latency objective is "handled within one second".
LATENCY_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# Composing may be a language model, and processing contains a person's reading and typing time.
HUMAN_BUCKETS: Final = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

TEMPLATE: Final = "messaging_destination_template"


PUBLISH_FAILURES: Final = ("unroutable", "nacked", "not-confirmed", "disconnected", "too-large")

Metric = TypeVar("Metric", Counter, Gauge, Histogram)


class Outcome(StrEnum):
    """How the handling of a delivery ended; the values of the label ``outcome``."""

    OK = "ok"
    DUPLICATE = "duplicate"
    REQUEUED = "requeued"
    DEAD_LETTERED = "dead-lettered"


class Metrics:
    """The metrics of one process.

    Args:
        registry: where they are registered; a test brings its own.
        component: ``server``, ``queue-manager`` or ``bots``.
    """

    def __init__(self, registry: CollectorRegistry, component: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a `_created` series for each counter would double what is scraped
        self.registry = registry
        Gauge(
            "chatter_build_info",
            "Always 1; the labels say what runs.",
            ["component", "version"],
            registry=registry,
        ).labels(component, __version__).set(1)
        self.sent = Counter(
            "messaging_client_sent_messages",
            "Messages handed to RabbitMQ, by kind and how that ended (empty error_type: confirmed).",
            [TEMPLATE, "error_type"],
            registry=registry,
        )
        self.consumed = Counter(
            "messaging_client_consumed_messages",
            "Deliveries handled, by kind and outcome.",
            [TEMPLATE, "outcome"],
            registry=registry,
        )
        self.confirm = Histogram(
            "messaging_client_operation_duration_seconds",
            "Time from writing a message to the broker's confirm.",
            [TEMPLATE, "messaging_operation_name"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.process = Histogram(
            "messaging_process_duration_seconds",
            "Time from a delivery to its acknowledgement, with reading and typing.",
            [TEMPLATE, "dialect"],
            buckets=HUMAN_BUCKETS,
            registry=registry,
        )
        self.queue_wait = Histogram(
            "chatter_queue_wait_seconds",
            "Time from publish until it is handled: broker, network and the client's own loop. "
            "What was handled before is left out.",
            [TEMPLATE, "dialect"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.redelivered = Counter(
            "chatter_messages_redelivered",
            "Deliveries that RabbitMQ marked as redelivered.",
            [TEMPLATE],
            registry=registry,
        )
        self.dead_lettered = Counter(
            "chatter_messages_dead_lettered",
            "Messages that we sent to chatter.dead, by reason.",
            ["reason"],
            registry=registry,
        )
        self.negative_wait = Counter(
            "chatter_messages_negative_wait", "Messages from the future: clocks disagree.", registry=registry
        )
        self.without_context = Counter(
            "chatter_messages_without_trace_context",
            "Deliveries whose traceparent was missing or malformed, which begin a new trace.",
            [TEMPLATE, "problem"],
            registry=registry,
        )
        self.reconnects = Counter(
            "chatter_broker_reconnects", "Connections lost and opened again.", ["link"], registry=registry
        )
        self.connected = Gauge(
            "chatter_broker_connected", "1 while the connection is open.", ["link"], registry=registry
        )
        self.exported = Counter(
            "chatter_spans_exported",
            "Spans handed to the OTLP receiver; with an error_type they are lost.",
            ["error_type"],
            registry=registry,
        )
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Create the series that alerts watch: `rate()` does not see a counter's first appearance."""
        for kind in Kind:
            for error_type in ("", *PUBLISH_FAILURES):
                self.sent.labels(kind, error_type)
            self.redelivered.labels(kind)
            for problem in ("missing", "malformed"):
                self.without_context.labels(kind, problem)
        for reason in Reason:
            self.dead_lettered.labels(reason)
        for error_type in ("", "failed"):
            self.exported.labels(error_type)


class Children(dict[tuple[str, ...], Metric]):
    """The children of a metric, each looked up once: ``labels()`` costs five times what ``inc()`` does.

    Args:
        metric: a counter, gauge or histogram with labels; a key is the tuple of their values.
    """

    def __init__(self, metric: Metric) -> None:
        super().__init__()
        self._metric: Metric = metric

    def __missing__(self, key: tuple[str, ...]) -> Metric:
        self[key] = found = self._metric.labels(*key)
        return found


def exemplar() -> dict[str, str] | None:
    """Return the current trace as an exemplar, or ``None`` where nobody would find it (not sampled)."""
    context = trace.get_current_span().get_span_context()
    return _labels(context.trace_id, context.span_id) if context.trace_flags.sampled else None


@lru_cache(maxsize=64)  # a delivery is observed three times in a row, within one span
def _labels(trace_id: int, span_id: int) -> dict[str, str]:
    return {"trace_id": f"{trace_id:032x}", "span_id": f"{span_id:016x}"}
