"""The chat server's own metrics: how much it keeps, how far it has read, and who listens."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge

from rabbit_chatter.messages import Reason
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.index import State
from rabbit_chatter.server.traces.keeper import Keeper


class ServerMetrics:
    """What the archive holds, read when Prometheus asks.

    Args:
        registry: where they are registered.

    Attributes:
        skipped: messages of the stream that cannot be read.
        eavesdroppers: connections to ``/eavesdrop``.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.skipped = Counter(
            "chatter_archive_skipped",
            "Messages of the stream that cannot be read, by reason; read again after a restart.",
            ["reason"],
            registry=registry,
        )
        for reason in Reason:
            self.skipped.labels(reason)
        self.eavesdroppers = Gauge(
            "chatter_eavesdroppers", "Open connections to /eavesdrop.", registry=registry
        )

        self._spans = Counter(
            "chatter_trace_spans_received",
            "Spans received at /v1/traces, by whether they were kept.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("kept", "refused"):
            self._spans.labels(outcome)

    def received(self, kept: int, refused: int) -> None:
        """Count spans that came."""
        self._spans.labels("kept").inc(kept)
        self._spans.labels("refused").inc(refused)

    def skip(self, reason: str) -> None:
        """Count a message that cannot be read."""
        self.skipped.labels(reason).inc()

    def watch_traces(self, keeper: Keeper) -> None:
        """Show what ``keeper`` holds."""
        self._gauge("chatter_trace_store_spans", "Spans kept, where there is no Jaeger.").set_function(
            lambda: keeper.store.spans if keeper.store else 0
        )
        self._gauge("chatter_trace_store_bytes", "JSON of the spans kept.").set_function(
            lambda: keeper.store.bytes if keeper.store else 0
        )

    def watch(self, archive: Archive) -> None:
        """Show what ``archive`` holds."""
        self._gauge("chatter_archive_messages", "Messages kept.").set_function(lambda: len(archive.ring))
        self._gauge("chatter_archive_bytes", "JSON of the messages kept.").set_function(
            lambda: archive.ring.bytes
        )
        self._gauge(
            "chatter_archive_offset", "Stream offset of the last message read, -1 before the first."
        ).set_function(lambda: archive.offset)
        conversations = Gauge(
            "chatter_conversations",
            "Conversations of which messages are kept, by state; one whose bot died stays open.",
            ["state"],
            registry=self._registry,
        )
        for state in State:
            conversations.labels(state).set_function(partial(_count, archive, state))

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._registry)


def _count(archive: Archive, state: State) -> float:
    return archive.index.states[state]
