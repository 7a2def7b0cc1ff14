"""Most messages wait some milliseconds, some a second, few very long. Can your histogram tell?"""

from prometheus_client import Histogram

# The objective: 99 % of messages wait at most one second.
WAIT = Histogram(
    "chatter_wait_seconds",
    "Time from publish to delivery.",
    buckets=[0.01 * 1.5**n for n in range(11)] + [0.8, 1.0, 3.0],
)


def observe_wait(seconds: float) -> None:
    """Note one wait."""
    WAIT.observe(seconds)
