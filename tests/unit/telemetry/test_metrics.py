from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.openmetrics import exposition

from rabbit_chatter import __version__
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.messages import Kind, Reason
from rabbit_chatter.queue_manager.metrics import ManagementMetrics
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.metrics import ServerMetrics
from rabbit_chatter.telemetry.metrics import (
    HUMAN_BUCKETS,
    LATENCY_BUCKETS,
    PUBLISH_FAILURES,
    TEMPLATE,
    Children,
    Metrics,
    exemplar,
)

# Each has few values, however many bots there are and however long they talk.
BOUNDED_LABELS = {
    "component", "version", TEMPLATE, "messaging_operation_name", "error_type", "outcome", "dialect",
    "reason", "problem", "link", "state", "resource", "result", "budget",
    "gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type",
}  # fmt: skip
BASE_UNITS = ("_seconds", "_bytes", "_token_usage")  # tokens have no unit in Prometheus' names
OTHER_UNITS = ("_ms", "_millis", "_milliseconds", "_minutes", "_micros", "_percent", "_kb", "_mb", "_ns")


def registry_of(component: str) -> CollectorRegistry:
    """Return a registry with all metrics that ``component`` has."""
    registry = CollectorRegistry()
    Metrics(registry, component)
    if component == "bots":
        BotMetrics(registry)
    elif component == "server":
        ServerMetrics(registry).watch(Archive(10, 1000))
    else:
        ManagementMetrics(registry)
    return registry


def declared(component: str) -> list[MetricWrapperBase]:
    """Return the metrics that ``component`` declares."""
    return [m for m in registry_of(component)._collector_to_names if isinstance(m, MetricWrapperBase)]  # noqa: SLF001 - there is no public list


COMPONENTS = ["bots", "queue-manager", "server"]
DECLARED = [(component, metric) for component in COMPONENTS for metric in declared(component)]
each_metric = pytest.mark.parametrize(
    "metric", [metric for _, metric in DECLARED], ids=[f"{c}:{m._name}" for c, m in DECLARED]  # noqa: SLF001 - as above
)  # fmt: skip


@each_metric
def test_no_label_grows_with_the_chat(metric: MetricWrapperBase) -> None:
    """No metric has a label for a bot, a queue or a conversation; the labels there are have few values."""
    assert set(metric._labelnames) <= BOUNDED_LABELS  # noqa: SLF001 - as above


@each_metric
def test_names_say_whose_and_in_what_unit(metric: MetricWrapperBase) -> None:
    """A name begins with the conventions' or our own word and uses base units; the help is a sentence."""
    name = metric._name  # noqa: SLF001 - as above
    assert name.startswith(("messaging_", "chatter_", "gen_ai_"))
    assert not name.endswith(OTHER_UNITS)
    assert metric._documentation.endswith((".", ")."))  # noqa: SLF001 - as above
    if isinstance(metric, Histogram):
        assert name.endswith(BASE_UNITS)


def test_histograms_bound_the_objective() -> None:
    """One second is an exact bound of every histogram of messages, as the latency objective is about it."""
    ours = [m for _, m in DECLARED if not m._name.startswith("gen_ai_")]  # noqa: SLF001 - as above
    histograms = [metric for metric in ours if isinstance(metric, Histogram)]
    assert histograms
    for metric in histograms:
        assert 1.0 in metric._upper_bounds  # noqa: SLF001 - as above
    assert list(LATENCY_BUCKETS) == sorted(LATENCY_BUCKETS)
    assert list(HUMAN_BUCKETS) == sorted(HUMAN_BUCKETS)


@pytest.mark.parametrize("component", COMPONENTS)
def test_alerts_find_their_series_from_the_start(component: str) -> None:
    """What alerts watch is there with 0 before it happens: `rate()` does not see a first appearance."""
    registry = registry_of(component)
    for kind in Kind:
        for error_type in ("", *PUBLISH_FAILURES):
            labels = {TEMPLATE: kind, "error_type": error_type}
            assert registry.get_sample_value("messaging_client_sent_messages_total", labels) == 0
        redelivered = registry.get_sample_value("chatter_messages_redelivered_total", {TEMPLATE: kind})
        assert redelivered == 0
    for reason in Reason:
        labels = {"reason": reason}
        assert registry.get_sample_value("chatter_messages_dead_lettered_total", labels) == 0
    build = {"component": component, "version": __version__}
    assert registry.get_sample_value("chatter_build_info", build) == 1


def shown(registry: CollectorRegistry) -> str:
    """Return all metrics in the OpenMetrics format."""
    encoded: bytes = exposition.generate_latest(registry)  # type: ignore[no-untyped-call]
    return encoded.decode()


def test_no_created_series() -> None:
    """A counter is one series, not two: `_created` would double what is scraped."""
    assert "_created" not in shown(registry_of("bots"))


def in_span(flags: int) -> Any:  # noqa: ANN401 - a context manager
    """Make a span with these flags the current one."""
    context = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(flags))
    return trace.use_span(NonRecordingSpan(context))


def test_exemplar_names_a_sampled_trace() -> None:
    """Inside a sampled trace the exemplar has its ids, written as Jaeger and the log have them."""
    with in_span(1):
        assert exemplar() == {"trace_id": f"{0xABC:032x}", "span_id": f"{0xDEF:016x}"}


def test_exemplar_does_not_name_what_nobody_can_find() -> None:
    """Without a trace, or in one that is not sampled, there is no exemplar."""
    assert exemplar() is None
    with in_span(0):
        assert exemplar() is None


def test_exemplar_reaches_open_metrics() -> None:
    """An observation inside a sampled trace shows its id in OpenMetrics, one outside does not."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, "bots")
    metrics.queue_wait.labels("dm", "echo").observe(0.2, exemplar())
    assert f"{0xABC:032x}" not in shown(registry)
    with in_span(1):
        metrics.queue_wait.labels("dm", "echo").observe(0.2, exemplar())
    (line,) = [line for line in shown(registry).splitlines() if f"{0xABC:032x}" in line]
    assert line.startswith('chatter_queue_wait_seconds_bucket{dialect="echo",le="0.25"')


def test_children_are_looked_up_once() -> None:
    """The child of the same labels is the same object, and what is counted on it is counted."""
    registry = CollectorRegistry()
    children = Children(Counter("things", "Things.", ["a", "b"], registry=registry))
    children["x", "y"].inc()
    children["x", "y"].inc()
    assert len(children) == 1
    assert registry.get_sample_value("things_total", {"a": "x", "b": "y"}) == 2
