"""Metrics of a bot process, beside those of every component."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from rabbit_chatter.dialects.calls import Fallback
from rabbit_chatter.telemetry.metrics import HUMAN_BUCKETS

# OpenTelemetry's advice for calls of language models, in seconds and in tokens.
_MODEL_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_MODEL_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536)
_MODEL = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class ModelMetrics:
    """Metrics about language models, where a dialect asks one.

    Names, labels and buckets are those of OpenTelemetry's GenAI conventions, as Prometheus spells them.

    Args:
        registry: where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = Histogram(
            "gen_ai_client_operation_duration_seconds",
            "Time for an answer of a language model, with retries (empty error_type: it came).",
            [*_MODEL, "error_type"],
            buckets=_MODEL_SECONDS,
            registry=registry,
        )
        self.first_chunk = Histogram(
            "gen_ai_client_operation_time_to_first_chunk_seconds",
            "Time until the first piece of an answer that comes in pieces.",
            _MODEL,
            buckets=_MODEL_SECONDS,
            registry=registry,
        )
        self.tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens of an answer and of what was asked, where the endpoint counts them.",
            [*_MODEL, "gen_ai_token_type"],
            buckets=_MODEL_TOKENS,
            registry=registry,
        )
        self.cost = Counter(
            "chatter_model_cost",
            "What answers cost, in the currency of the prices that the dialect was given.",
            ["dialect"],
            registry=registry,
        )
        self.budget = Gauge(
            "chatter_model_budget_used_ratio",
            "Share of the last hour's budget that is used, in tokens and in money.",
            ["dialect", "budget"],
            registry=registry,
        )
        self.circuit = Gauge(
            "chatter_model_circuit_open",
            "1 while a failing endpoint is left alone.",
            ["dialect"],
            registry=registry,
        )
        self.fallbacks = Counter(
            "chatter_compose_fallbacks",
            "Texts that another dialect composed: the model failed, is left alone, or the budget is spent.",
            ["dialect", "reason"],
            registry=registry,
        )

    def begin_at_zero(self, dialect: str) -> None:
        """Create what alerts watch of a dialect: `rate()` does not see a counter's first appearance."""
        for reason in Fallback:
            self.fallbacks.labels(dialect, reason)


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
        self.models = ModelMetrics(registry)
        self.names_taken = Counter("chatter_names_taken", "Names refused by the broker.", registry=registry)
        self.directory_failures = Counter(
            "chatter_directory_failures", "Times the queue-manager did not answer.", registry=registry
        )
