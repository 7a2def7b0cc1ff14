"""Names of spans and attributes, in one place.

They follow OpenTelemetry's semantic conventions for messaging and RabbitMQ as of v1.44.0
(https://opentelemetry.io/docs/specs/semconv/messaging/rabbitmq/), which are still in development. Span
names use the destination's *template* (``dm``, ``tweet``, ``invite``, ``control``): a queue's name in a
span name would give one operation per pair of bots.
"""

from typing import Final

SYSTEM: Final = "messaging.system"
RABBITMQ: Final = "rabbitmq"
OPERATION_NAME: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
DESTINATION: Final = "messaging.destination.name"
TEMPLATE: Final = "messaging.destination.template"
MESSAGE_ID: Final = "messaging.message.id"
CONVERSATION_ID: Final = "messaging.message.conversation_id"
BODY_SIZE: Final = "messaging.message.body.size"
ROUTING_KEY: Final = "messaging.rabbitmq.destination.routing_key"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"

REDELIVERED: Final = "chatter.redelivered"
TURN: Final = "chatter.turn"
DIALECT: Final = "chatter.dialect"
OUTCOME: Final = "chatter.outcome"
QUEUE_WAIT: Final = "chatter.queue_wait"
SCALING_WANTED: Final = "chatter.scaling.wanted"
SCALING_ACTUAL: Final = "chatter.scaling.actual"
SCALING_REASON: Final = "chatter.scaling.reason"

PUBLISH: Final = "publish"
SEND: Final = "send"
PROCESS: Final = "process"
QUEUE_WAIT_SPAN: Final = "queue wait"

BROKER_SERVICE: Final = "rabbitmq"


def template_of(routing_key: str) -> str:
    """Return the low-cardinality kind of a routing key: ``dm.abc.def`` is a ``dm``."""
    head = routing_key.partition(".")[0]
    return head if head in _TEMPLATES else "other"


_TEMPLATES = frozenset(("dm", "tweet", "invite", "control"))
