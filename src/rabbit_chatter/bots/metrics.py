"""Metrics of a bot process, beside those of every component."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from rabbit_chatter.telemetry.metrics import HUMAN_BUCKETS


class BotMetrics:
    """Metrics about the population; none is per bot.

    Args:
        registry: where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.bots = Gauge("chatter_bots", "Bots chatting in this process.", ["dialect"], registry=registry)
        self.expected = Gauge("chatter_bots_expected", "Bots that were asked for.", registry=registry)
        self.open = Gauge(
            "chatter_conversations_open", "Conversations that bots here take part in.", registry=registry
        )
        self.ended = Counter(
            "chatter_conversations_ended",
            "Conversations ended for bots here: finished, left, abandoned, unroutable or failed.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("finished", "left", "abandoned", "unroutable", "failed"):
            self.ended.labels(outcome)  # an alert's `rate()` does not see a counter's first appearance
        self.expected_rate = Gauge(
            "chatter_publish_rate_expected",
            "Messages per second that this population should publish; compare with what it sends.",
            registry=registry,
        )
        self.usable = Gauge(
            "chatter_dialect_usable",
            "1 if bots here can speak a dialect, 0 if it could not be made ready; the log says why.",
            ["dialect"],
            registry=registry,
        )
        self.compose = Histogram(
            "chatter_compose_duration_seconds",
            "Time a dialect took to find its words.",
            ["dialect"],
            buckets=HUMAN_BUCKETS,
            registry=registry,
        )
        self.compose_failures = Counter(
            "chatter_compose_failures",
            "Times a dialect failed.",
            ["dialect", "error_type"],
            registry=registry,
        )
        self.characters = Counter(
            "chatter_composed_characters",
            "Characters that a dialect produced.",
            ["dialect"],
            registry=registry,
        )
        self.names_taken = Counter("chatter_names_taken", "Names refused by the broker.", registry=registry)
        self.directory_failures = Counter(
            "chatter_directory_failures", "Times the queue-manager did not answer.", registry=registry
        )
