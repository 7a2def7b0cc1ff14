"""Most messages wait some milliseconds, some a second, few very long. Can your histogram tell?"""

from prometheus_client import Histogram

# The objective: 99 % of messages wait at most one second.
WAIT = Histogram(
    "chatter_wait_seconds",
    "Time from publish to delivery.",
    buckets=(1, 10, 60),  # TODO: choose bounds, 15 at most. What was measured is in waits.csv.
)


def observe_wait(seconds: float) -> None:
    """Note one wait."""
    WAIT.observe(seconds)
