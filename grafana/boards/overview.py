"""Is the chat healthy? The first board that anybody opens."""

from boards.panels import WINDOW, Board, Kind, Limits, Panel, Query, Row, Unit, quantiles

_LATE = (
    f'1 - sum(rate(chatter_queue_wait_seconds_bucket{{component="bots", le="1.0"}}[{WINDOW}]))'
    f' / sum(rate(chatter_queue_wait_seconds_count{{component="bots"}}[{WINDOW}]))'
)
_SENT = f'sum(rate(messaging_client_sent_messages_total{{component="bots", error_type=""}}[{WINDOW}]))'
_FAILED = f'sum(rate(messaging_client_sent_messages_total{{error_type!=""}}[{WINDOW}]))'
# The stream is an archive and the dead letters a cemetery: neither is work that waits for anybody.
_WORK = '{vhost="chatter", queue!~"chatter[.].*"}'

HEALTH = Row(
    "Is the chat healthy?",
    (
        Panel(
            "Bots here, of those asked for",
            "100 %. Less means that bots died, are still starting, or that the broker refused their names.",
            Unit.SHARE,
            (Query("sum(chatter_bots) / sum(chatter_bots_expected)"),),
            Kind.STAT,
            width=4,
            limits=Limits(1, 0.9, fewer_is_worse=True),
            next="chatter-bots",
        ),
        Panel(
            "Messages said per second",
            "A steady number that grows with bots and tempo. Zero means silence, whatever the depth says.",
            Unit.MESSAGES_PER_SECOND,
            (Query(_SENT),),
            Kind.STAT,
            width=4,
            limits=Limits(0.5, 0.1, fewer_is_worse=True),
            next="chatter-bots",
        ),
        Panel(
            "Messages that waited longer than 1 s",
            "0 %. At 1 % the objective is just met; at 6 % an hour's allowance is gone in ten minutes.",
            Unit.SHARE,
            (Query(_LATE),),
            Kind.STAT,
            width=4,
            limits=Limits(0.01, 0.06),
            next="chatter-slo",
        ),
        Panel(
            "Publishes that failed per second",
            "0. Everything else was said by a bot and heard by nobody.",
            Unit.MESSAGES_PER_SECOND,
            (Query(_FAILED),),
            Kind.STAT,
            width=4,
            limits=Limits(0.01, 0.2),
            next="chatter-broker",
        ),
        Panel(
            "Messages waiting in queues",
            "A handful. It may stay small while all is broken: read it together with its neighbours.",
            Unit.COUNT,
            (Query(f"sum(rabbitmq_detailed_queue_messages_ready{_WORK})"),),
            Kind.STAT,
            width=4,
            limits=Limits(50, 500),
            next="chatter-queues",
        ),
        Panel(
            "Targets that do not answer Prometheus",
            "0. Otherwise part of what you see here is old, or missing.",
            Unit.COUNT,
            (Query("sum(up == bool 0)"),),
            Kind.STAT,
            width=4,
            limits=Limits(1, 2),
            next="chatter-telemetry",
        ),
    ),
)

TRAFFIC = Row(
    "Traffic and errors",
    (
        Panel(
            "What is said, by kind",
            "Mostly direct messages, some tweets, few invitations, near the dashed line of what this "
            "population should say. A gap between the two means that bots are held up.",
            Unit.MESSAGES_PER_SECOND,
            (
                Query(
                    "sum by (messaging_destination_template) (rate(messaging_client_sent_messages_total"
                    f'{{component="bots", error_type=""}}[{WINDOW}]))',
                    "{{messaging_destination_template}}",
                ),
                Query("sum(chatter_publish_rate_expected)", "expected"),
            ),
            next="chatter-bots",
        ),
        Panel(
            "What became of it",
            "Only `ok`. `requeued` and `duplicate` mean that something is tried again, `dead-lettered` that "
            "it was given up.",
            Unit.MESSAGES_PER_SECOND,
            (
                Query(
                    "sum by (outcome) (rate(messaging_client_consumed_messages_total"
                    f'{{component="bots"}}[{WINDOW}]))',
                    "{{outcome}}",
                ),
            ),
            stacked=True,
            next="chatter-queues",
        ),
        Panel(
            "Why did publishes fail?",
            "Flat at zero. The name of the line is the reason: `unroutable` is a partner who left, "
            "`not-confirmed` a broker that is busy, `disconnected` one that is away.",
            Unit.MESSAGES_PER_SECOND,
            (
                Query(
                    "sum by (error_type) (rate(messaging_client_sent_messages_total"
                    f'{{error_type!=""}}[{WINDOW}]))',
                    "{{error_type}}",
                ),
            ),
            limits=Limits(0.1, 1),
            next="chatter-broker",
        ),
        Panel(
            "Tried again, or given up",
            "Flat at zero. Redeliveries without end are a poison message; each reason is a kind of "
            "dead letter.",
            Unit.MESSAGES_PER_SECOND,
            (
                Query(f"sum(rate(chatter_messages_redelivered_total[{WINDOW}]))", "redelivered"),
                Query(
                    f"sum by (reason) (rate(chatter_messages_dead_lettered_total[{WINDOW}]))",
                    "dead: {{reason}}",
                ),
            ),
            limits=Limits(0.2, 1),
            next="chatter-queues",
        ),
    ),
)

LATENCY = Row(
    "Latency and saturation",
    (
        Panel(
            "How long does a message wait for its reader?",
            "A few milliseconds. Each dot is one message: click it to see its trace. A slow reader "
            "raises the "
            "top line first.",
            Unit.SECONDS,
            quantiles("chatter_queue_wait_seconds", where='component="bots"'),
            limits=Limits(0.5, 1),
            next="chatter-queues",
        ),
        Panel(
            "Where do messages pile up?",
            "`waiting` near zero and `in hand` near the number of bots that are reading or typing. "
            "A wave in `in hand` alone is a slow reader, in `waiting` a missing one.",
            Unit.COUNT,
            (
                Query(f"sum(rabbitmq_detailed_queue_messages_ready{_WORK})", "waiting"),
                Query(f"sum(rabbitmq_detailed_queue_messages_unacked{_WORK})", "in hand"),
            ),
            stacked=True,
            next="chatter-queues",
        ),
        Panel(
            "How full is the broker?",
            "Well below 100 %. At 100 % memory RabbitMQ stops reading from publishers, and nothing moves.",
            Unit.SHARE,
            (
                Query(
                    "max(rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes)",
                    "memory, of its limit",
                ),
                Query("max(rabbitmq_process_open_fds / rabbitmq_process_max_fds)", "files, of its limit"),
            ),
            limits=Limits(0.8, 1),
            next="chatter-broker",
        ),
        Panel(
            "Alerts that fire",
            "Only `Watchdog`, which fires always and proves that alerts work. An empty table is the alarming "
            "one.",
            Unit.COUNT,
            (Query('count by (alertname, severity) (ALERTS{alertstate="firing"})'),),
            Kind.TABLE,
            next="chatter-slo",
        ),
    ),
)

BOARD = Board(
    uid="chatter-overview",
    title="Chatter / Overview",
    about="Is the chat healthy? Traffic, errors, latency and saturation on one page; "
    "each panel leads to the board with the next question.",
    rows=(HEALTH, TRAFFIC, LATENCY),
)
