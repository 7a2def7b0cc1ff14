"""Most messages wait some milliseconds, some a second, few very long. Can your histogram tell?"""

from prometheus_client import Histogram

# The objective: 99 % of messages wait at most one second.
WAIT = Histogram(
    "chatter_wait_seconds",
    "Time from publish to delivery.",
    buckets=(0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 2.0, 5.0),
)


def observe_wait(seconds: float) -> None:
    """Note one wait."""
    WAIT.observe(seconds)
