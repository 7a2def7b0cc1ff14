"""Messages wait in queues, and we measure how long. But all dashboards show nonsense since yesterday."""

from prometheus_client import Gauge

# The objective: 99 % of messages wait at most one second.
WAIT = Gauge(
    "chatter_wait_seconds",
    "Time from publish to delivery.",
)


def observe_wait(wait_ms: float) -> None:
    """Note one wait. The client library gives it in milliseconds."""
    WAIT.set(wait_ms / 1000)
