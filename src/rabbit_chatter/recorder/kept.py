"""Which metrics are kept: those that rules and dashboards may use, and nothing of Erlang's or Go's inside."""

import re

# Of each queue, only these; the rest of RabbitMQ's family `queue_metrics` counts bytes and disk blocks.
_OF_A_QUEUE = (
    "messages",
    "messages_ready",
    "messages_unacked",
    "consumers",
    "consumer_capacity",
    "head_message_timestamp",
    "process_memory_bytes",
)
_PATTERNS = (
    r"(chatter|messaging)_.+",
    r"up|scrape_samples_post_metric_relabeling|scrape_duration_seconds",
    r"process_(start_time_seconds|resident_memory_bytes|open_fds|max_fds)",
    rf"rabbitmq_detailed_queue_({'|'.join(_OF_A_QUEUE)})",
    r"rabbitmq_(queues|connections|channels|consumers)(_[a-z]+_total)?",
    r"rabbitmq_queue_(consumers|messages|messages_ready|messages_unacked|process_memory_bytes)",
    r"rabbitmq_global_messages_.+_total",
    r"rabbitmq_(alarms|process_resident_memory|resident_memory|process_.+_fds|disk_space|build|identity).*",
    r"rabbitmq_erlang_uptime_seconds",
)
_KEPT = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))

# What is in an answer besides: recorded rules and alerts would be there twice when they are evaluated again.
SELECTOR = '{__name__=~"(chatter|messaging|rabbitmq|process|scrape|up).*",__name__!~".*:.*",job!=""}'


def is_kept(metric: str) -> bool:
    """Return whether recordings contain ``metric``."""
    return _KEPT.fullmatch(metric) is not None
