"""Count the spans that leave this process, and those that do not."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import Counter

SENT, LOST = "", "failed"  # values of the label ``error_type``; empty where there was no error


class CountedExporter(SpanExporter):
    """Counts around another exporter; a batch that fails is lost, as nobody tries it again later.

    Args:
        exporter: does the work.
        exported: counter with the label ``error_type``.
    """

    def __init__(self, exporter: SpanExporter, exported: Counter) -> None:
        self._exporter = exporter
        self._exported = exported

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Let the other exporter send ``spans``, and count how that ended."""
        result = self._exporter.export(spans)
        error = SENT if result is SpanExportResult.SUCCESS else LOST
        self._exported.labels(error).inc(len(spans))
        return result

    def shutdown(self) -> None:
        """Let the other exporter close its connections."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Let the other exporter send what it holds back, within milliseconds."""
        return self._exporter.force_flush(timeout_millis)
