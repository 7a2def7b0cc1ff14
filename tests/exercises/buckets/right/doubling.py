"""Most messages wait some milliseconds, some a second, few very long. Can your histogram tell?"""

from prometheus_client import Histogram

# The objective: 99 % of messages wait at most one second.
WAIT = Histogram(
    "chatter_wait_seconds",
    "Time from publish to delivery.",
    buckets=(0.016, 0.032, 0.048, 0.064, 0.128, 0.25, 0.4, 0.6, 0.8, 1.0, 2.0),
)


def observe_wait(seconds: float) -> None:
    """Note one wait."""
    WAIT.observe(seconds)
