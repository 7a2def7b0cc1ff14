"""We count messages. A trace, not a metric, tells of a single one."""

from prometheus_client import Counter

MESSAGES = Counter("chatter_heard", "Messages heard.", ["dialect", "kind"])


def count_messages(message: dict[str, str]) -> None:
    """Count one message. It has an id, a dialect, a kind (dm or tweet) and a sender."""
    MESSAGES.labels(message["dialect"], message["kind"]).inc()
