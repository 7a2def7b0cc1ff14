"""The queue-manager's metrics: what the management API costs, and how old our answers are."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from rabbit_chatter.telemetry.metrics import LATENCY_BUCKETS


class ManagementMetrics:
    """Calls to RabbitMQ's management API; ``resource`` is ``queues`` or ``connections``.

    Args:
        registry: where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = Histogram(
            "chatter_management_call_duration_seconds",
            "Time of one call to RabbitMQ's management API, failed ones included; _count counts the calls.",
            ["resource"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.failures = Counter(
            "chatter_management_call_failures",
            "Calls to RabbitMQ's management API that failed, by kind of error.",
            ["resource", "error_type"],
            registry=registry,
        )
        self.age = Gauge(
            "chatter_management_snapshot_age_seconds",
            "Age of the last known data; NaN before the first.",
            ["resource"],
            registry=registry,
        )
        self.answers = Counter(
            "chatter_management_answers",
            "Answers given from a snapshot: `hit` at once, `refreshed` after a call, `stale` from old data, "
            "`none` without any.",
            ["resource", "result"],
            registry=registry,
        )
