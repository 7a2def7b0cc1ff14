"""Where do messages wait, for how long, and why?"""

from boards.panels import WINDOW, Board, Kind, Limits, Panel, Query, Row, Unit, Variable, quantiles

_WORK = '{vhost="chatter", queue!~"chatter[.].*", queue=~"$queue"}'
_WAIT = "chatter_queue_wait_seconds"


def _depth(state: str) -> str:
    return f"sum(rabbitmq_detailed_queue_messages_{state}{_WORK})"


def _flow(what: str) -> str:
    return f"sum(rate(rabbitmq_global_messages_{what}_total[{WINDOW}]))"


DEPTH = Row(
    "Depth, age and readers",
    (
        Panel(
            "Waiting and in hand",
            "`waiting`: no bot took it yet. `in hand`: a bot took it and is still reading or typing. "
            "Depth alone "
            "lies: it is low in a poison loop and in a memory alarm, too.",
            Unit.COUNT,
            (Query(_depth("ready"), "waiting"), Query(_depth("unacked"), "in hand")),
            stacked=True,
            limits=Limits(100, 1000),
        ),
        Panel(
            "Age of the oldest message",
            "Some seconds: a person's reading and typing time. A straight line upwards is one message that "
            "nobody settles.",
            Unit.SECONDS,
            (
                Query(
                    f"max(time() - (rabbitmq_detailed_queue_head_message_timestamp{_WORK} > 0))",
                    "oldest",
                ),
            ),
            limits=Limits(30, 60),
            next="chatter-bots",
        ),
        Panel(
            "Queues with messages and no reader",
            "0. Each of these grows until its bot comes back, or until its limit makes dead letters "
            "of the rest.",
            Unit.COUNT,
            (
                Query(
                    f"sum((rabbitmq_detailed_queue_consumers{_WORK} == bool 0)"
                    f" * (rabbitmq_detailed_queue_messages{_WORK} > bool 0))",
                    "unread queues",
                ),
            ),
            limits=Limits(1, 5),
            next="chatter-bots",
        ),
        Panel(
            "Queues and their readers",
            "Both go up and down together. Queues that grow alone are a leak.",
            Unit.COUNT,
            (
                Query(f"count(rabbitmq_detailed_queue_messages{_WORK})", "queues"),
                Query(f"sum(rabbitmq_detailed_queue_consumers{_WORK})", "readers"),
            ),
            next="chatter-broker",
        ),
    ),
)

WAIT = Row(
    "Waiting time",
    (
        Panel(
            "How long do messages wait?",
            "A dark band of a few milliseconds. A second band above it is a group of messages with another "
            "fate: click one of its dots to see its trace.",
            Unit.SECONDS,
            (
                Query(
                    f'sum by (le) (rate({_WAIT}_bucket{{component="bots"}}[{WINDOW}]))',
                    "{{le}}",
                    exemplars=True,
                ),
            ),
            Kind.HEATMAP,
        ),
        Panel(
            "How long do 95 % wait, by kind?",
            "All kinds alike. Direct messages alone: one conversation is slow. All of them: the "
            "broker, or our "
            "process, is.",
            Unit.SECONDS,
            quantiles(_WAIT, by="messaging_destination_template", where='component="bots"'),
            limits=Limits(0.5, 1),
            next="chatter-slo",
        ),
    ),
)

FLOW = Row(
    "Flow, as the broker counts it",
    (
        Panel(
            "In and out",
            "`received` below `delivered`, as a tweet goes to many and the archive reads along; "
            "`acknowledged` "
            "close to `delivered`. A gap that opens is work that is not finished.",
            Unit.MESSAGES_PER_SECOND,
            tuple(Query(_flow(what), what) for what in ("received", "delivered", "acknowledged")),
            next="chatter-broker",
        ),
        Panel(
            "Delivered again, or to nobody",
            "Flat at zero. `redelivered` as high as `delivered` is a poison message going round and round; "
            "`returned` told its sender, `dropped` told nobody.",
            Unit.MESSAGES_PER_SECOND,
            (
                Query(_flow("redelivered"), "redelivered"),
                Query(_flow("unroutable_returned"), "unroutable, returned"),
                Query(_flow("unroutable_dropped"), "unroutable, dropped"),
            ),
            limits=Limits(1, 20),
        ),
        Panel(
            "Dead letters",
            "A flat line at zero. It grows when a bot buries what it cannot read, or when a queue's "
            "limits do.",
            Unit.COUNT,
            (
                Query(
                    'max(rabbitmq_detailed_queue_messages{vhost="chatter", queue="chatter.dead-letters"})',
                    "in chatter.dead-letters",
                ),
            ),
            limits=Limits(1, 100),
        ),
        Panel(
            "Why did the broker make dead letters?",
            "Flat at zero. `maxlen`: a full queue; `expired`: nobody came in time; `rejected`: a "
            "reader refused.",
            Unit.MESSAGES_PER_SECOND,
            tuple(
                Query(_flow(f"dead_lettered_{why}"), why)
                for why in ("rejected", "expired", "maxlen", "delivery_limit")
            ),
            limits=Limits(0.1, 1),
        ),
    ),
)

TOP = Row(
    "Conversation by conversation",
    (
        Panel(
            "The longest queues of conversations",
            "Ones and twos. One row far above the others is a hot conversation, or a bot that is gone. "
            "`abc-def` is what abc says to def.",
            Unit.COUNT,
            (
                Query(
                    'topk($top, max by (queue) (rabbitmq_detailed_queue_messages{vhost="chatter", '
                    'queue=~"[a-z0-9]+-[a-z0-9]+", queue=~"$queue"}))'
                ),
            ),
            Kind.TABLE,
        ),
        Panel(
            "The oldest messages of conversations",
            "Some seconds each. The first row names who is waiting for whom.",
            Unit.SECONDS,
            (
                Query(
                    "topk($top, time() - max by (queue) (rabbitmq_detailed_queue_head_message_timestamp"
                    '{vhost="chatter", queue=~"[a-z0-9]+-[a-z0-9]+", queue=~"$queue"} > 0))'
                ),
            ),
            Kind.TABLE,
        ),
    ),
)

BOARD = Board(
    uid="chatter-queues",
    title="Chatter / Queues",
    about="Where do messages wait, for how long, and why? Depth, age, flow and readers belong together.",
    rows=(DEPTH, WAIT, FLOW, TOP),
    variables=(
        Variable("queue", "Queues (regular expression)", (".*",), typed=True),
        Variable("top", "Rows", ("5", "10", "20")),
    ),
)
