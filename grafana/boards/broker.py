"""How does RabbitMQ itself feel?"""

from boards.panels import WINDOW, Board, Kind, Limits, Panel, Query, Row, Unit, quantiles


def _churn(what: str, ups: str, downs: str) -> tuple[Query, ...]:
    return tuple(
        Query(f"sum(rate(rabbitmq_{what}_{verb}_total[{WINDOW}]))", f"{what} {verb}") for verb in (ups, downs)
    )


ALARMS = Row(
    "Is it well?",
    (
        Panel(
            "Up for",
            "It only grows. A fall to zero is a restart: look for reconnects on the right.",
            Unit.SECONDS,
            (Query("min(rabbitmq_erlang_uptime_seconds)"),),
            Kind.STAT,
            width=6,
        ),
        Panel(
            "Memory alarm",
            "No. Yes means that publishers are blocked until memory is free again; depth looks perfect then.",
            Unit.YES_NO,
            (Query("max(rabbitmq_alarms_memory_used_watermark)"),),
            Kind.STAT,
            width=6,
            limits=Limits(1, 1),
        ),
        Panel(
            "Disk alarm",
            "No. Yes means that publishers are blocked until there is room on the disk again.",
            Unit.YES_NO,
            (Query("max(rabbitmq_alarms_free_disk_space_watermark)"),),
            Kind.STAT,
            width=6,
            limits=Limits(1, 1),
        ),
        Panel(
            "Lost connections",
            "0 in five minutes. Each is a link of one of our processes that broke and was opened again.",
            Unit.COUNT,
            (Query("sum(increase(chatter_broker_reconnects_total[5m]))"),),
            Kind.STAT,
            width=6,
            limits=Limits(1, 5),
        ),
    ),
)

RESOURCES = Row(
    "What does it use?",
    (
        Panel(
            "Memory and its limit",
            "A saw that stays well below the limit. Where the two meet, the memory alarm begins.",
            Unit.BYTES,
            (
                Query("sum by (instance) (rabbitmq_process_resident_memory_bytes)", "used {{instance}}"),
                Query("min(rabbitmq_resident_memory_limit_bytes)", "limit"),
            ),
        ),
        Panel(
            "Disk left above the limit",
            "Flat and far from zero. Below zero is the disk alarm.",
            Unit.BYTES,
            (
                Query(
                    "min by (instance) (rabbitmq_disk_space_available_bytes"
                    " - rabbitmq_disk_space_available_limit_bytes)",
                    "{{instance}}",
                ),
            ),
            limits=Limits(1e9, 2e8, fewer_is_worse=True),
        ),
        Panel(
            "Files and Erlang processes, of their limits",
            "Both low. Each connection and each queue takes some; a leak is a slope.",
            Unit.SHARE,
            (
                Query("max(rabbitmq_process_open_fds / rabbitmq_process_max_fds)", "files"),
                Query("max(rabbitmq_erlang_processes_used / rabbitmq_erlang_processes_limit)", "processes"),
            ),
            limits=Limits(0.7, 0.9),
        ),
        Panel(
            "How long does a confirm take?",
            "Milliseconds: the broker has written the message and says so. It rises first when the "
            "disk or the "
            "broker is busy. A dot is one publish: click it to see its trace.",
            Unit.SECONDS,
            quantiles("messaging_client_operation_duration_seconds"),
            limits=Limits(0.5, 5),
            next="chatter-slo",
        ),
    ),
)

CHURN = Row(
    "Who comes and goes?",
    (
        Panel(
            "Connections, channels and queues",
            "Two connections per process of ours, channels as many as needed, queues with the conversations.",
            Unit.COUNT,
            tuple(
                Query(f"sum(rabbitmq_{what})", what)
                for what in ("connections", "channels", "queues", "consumers")
            ),
            next="chatter-queues",
        ),
        Panel(
            "Connections and channels that come and go",
            "Connections: zero once all have started. Channels: some per second, as each conversation "
            "declares its queues on one that may be lost. Connections that come and go cost more than "
            "messages do.",
            Unit.PER_SECOND,
            (*_churn("connections", "opened", "closed"), *_churn("channels", "opened", "closed")),
            limits=Limits(10, 50),
            next="chatter-bots",
        ),
        Panel(
            "Queues that come and go",
            "Both lines alike: each conversation makes two queues and takes them away. `created` "
            "above `deleted` "
            "for minutes is a leak.",
            Unit.PER_SECOND,
            _churn("queues", "created", "deleted"),
            limits=Limits(5, 20),
            next="chatter-queues",
        ),
        Panel(
            "The archive",
            "Both grow until the stream's age and size limits; what is kept in the page's server follows the "
            "stream. A flat lower line means that the server has stopped to read.",
            Unit.COUNT,
            (
                Query(
                    'max(rabbitmq_detailed_queue_messages{vhost="chatter", queue="chatter.firehose"})',
                    "in the stream",
                ),
                Query("max(chatter_archive_messages)", "kept in the server"),
            ),
        ),
    ),
)

MANAGEMENT = Row(
    "The management API",
    (
        Panel(
            "How long does a call of the management API take?",
            "Tens of milliseconds. It grows with the number of queues, and costs the broker as much time.",
            Unit.SECONDS,
            quantiles("chatter_management_call_duration_seconds"),
            limits=Limits(0.5, 2.5),
        ),
        Panel(
            "How old is what the queue-manager knows?",
            "A few seconds at most while somebody asks. A slope means that the management API is away.",
            Unit.SECONDS,
            (Query("max by (resource) (chatter_management_snapshot_age_seconds)", "{{resource}}"),),
            limits=Limits(30, 120),
            next="chatter-telemetry",
        ),
    ),
)

BOARD = Board(
    uid="chatter-broker",
    title="Chatter / Broker",
    about="How does RabbitMQ feel? Alarms, memory, disk, connections and what comes and goes.",
    rows=(ALARMS, RESOURCES, CHURN, MANAGEMENT),
)
