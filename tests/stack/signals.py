"""What each part of the network tells of itself, and which span follows which: tests as tables."""

from typing import NamedTuple


class Span(NamedTuple):
    """A span as one finds it in Jaeger."""

    service: str
    name: str


class Signals(NamedTuple):
    """How one can tell what a service does.

    Attributes:
        service: its name in compose.
        metric: in PromQL; more than zero once the service works.
        log: what it writes, in its log.
        span: what it, or somebody in its name, tells to Jaeger.
    """

    service: str
    metric: str
    log: str
    span: Span | None = None


SIGNALS = [
    Signals(
        "bots",
        'sum(messaging_client_sent_messages_total{component="bots"})',
        '"event":"message.said"',
        Span("bot-gibberish", "publish dm"),
    ),
    Signals(
        "server",
        "chatter_archive_messages",
        '"event":"stream.caught_up"',
        Span("chatter-server", "process dm"),
    ),
    Signals(
        "queue-manager",
        "sum(chatter_management_answers_total)",
        '"event":"http.listening"',
        Span("chatter-queue-manager", "GET /bots"),
    ),
    # Instrumented by nobody: its span is drawn by who takes a message out of a queue.
    Signals(
        "rabbitmq",
        "sum(rabbitmq_global_messages_received_total)",
        "Server startup complete",
        Span("rabbitmq", "queue wait dm"),
    ),
    Signals("prometheus", "prometheus_tsdb_head_series", "Server is ready to receive web requests"),
    Signals("alertmanager", "sum(alertmanager_build_info)", "Listening on"),
]

_BOT = "bot-gibberish"

# Parent and child, in the order in which a conversation goes.
EDGES = [
    (Span(_BOT, "converse"), Span(_BOT, "publish invite")),
    (Span(_BOT, "publish invite"), Span("rabbitmq", "queue wait invite")),
    (Span("rabbitmq", "queue wait invite"), Span(_BOT, "process invite")),
    (Span(_BOT, "process invite"), Span(_BOT, "compose")),
    (Span(_BOT, "process invite"), Span(_BOT, "publish dm")),
    (Span(_BOT, "publish dm"), Span("rabbitmq", "queue wait dm")),
    (Span("rabbitmq", "queue wait dm"), Span(_BOT, "process dm")),
    (Span("rabbitmq", "queue wait dm"), Span("chatter-server", "process dm")),
    (Span(_BOT, "process dm"), Span(_BOT, "compose")),
    (Span(_BOT, "process dm"), Span(_BOT, "publish dm")),
    (Span(_BOT, "publish tweet"), Span("rabbitmq", "queue wait tweet")),
    (Span("rabbitmq", "queue wait tweet"), Span(_BOT, "process tweet")),
]
