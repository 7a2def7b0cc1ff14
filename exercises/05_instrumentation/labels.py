"""We count messages. Since we looked closer, Prometheus needs all of the machine's memory."""

from prometheus_client import Counter

# TODO: each combination of labels is a series that Prometheus keeps for weeks. Which label must go?
MESSAGES = Counter(
    "chatter_heard",
    "Messages heard.",
    ["dialect", "kind", "sender", "message"],
)


def count_message(message: dict[str, str]) -> None:
    """Count one message. It has an id, a dialect, a kind (dm or tweet) and a sender."""
    MESSAGES.labels(message["dialect"], message["kind"], message["sender"], message["id"]).inc()
