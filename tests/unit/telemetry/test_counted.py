from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from prometheus_client import CollectorRegistry
from urllib3 import Retry

from rabbit_chatter.telemetry.counted import CountedExporter
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.telemetry.otlp_json import OtlpJsonExporter
from support import otlp_receiver


def exported_to(url: str) -> dict[str, float | None]:
    """Export one span to ``url``; return what is counted, by error."""
    registry = CollectorRegistry()
    exporter = OtlpJsonExporter(f"{url}/v1/traces", {}, 2, Retry(0))
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        SimpleSpanProcessor(CountedExporter(exporter, Metrics(registry, "bots").exported))
    )
    provider.get_tracer("test").start_span("publish dm").end()
    provider.shutdown()
    name = "chatter_spans_exported_total"
    return {error: registry.get_sample_value(name, {"error_type": error}) for error in ("", "failed")}


def test_spans_that_arrive_are_counted() -> None:
    """A span that a receiver took is counted without an error, and none as lost."""
    with otlp_receiver() as receiver:
        assert exported_to(receiver.url) == {"": 1, "failed": 0}
        assert len(receiver.spans) == 1


def test_spans_that_nobody_takes_are_counted_as_lost() -> None:
    """Where nobody listens, the span is counted as failed, and nothing is raised."""
    with otlp_receiver() as receiver:
        away = receiver.url
    assert exported_to(away) == {"": 0, "failed": 1}
