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

# Language models: the GenAI conventions, in development, as of semantic-conventions-genai in autumn 2026
# (https://github.com/open-telemetry/semantic-conventions-genai); attributes are those of v1.42.0, too.
GEN_AI_OPERATION: Final = "gen_ai.operation.name"
GEN_AI_PROVIDER: Final = "gen_ai.provider.name"
GEN_AI_MODEL: Final = "gen_ai.request.model"
GEN_AI_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
GEN_AI_TEMPERATURE: Final = "gen_ai.request.temperature"
GEN_AI_SEED: Final = "gen_ai.request.seed"
GEN_AI_STREAM: Final = "gen_ai.request.stream"
GEN_AI_RESPONSE_ID: Final = "gen_ai.response.id"
GEN_AI_RESPONSE_MODEL: Final = "gen_ai.response.model"
GEN_AI_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
GEN_AI_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
GEN_AI_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
GEN_AI_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
GEN_AI_SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
GEN_AI_INPUT: Final = "gen_ai.input.messages"
GEN_AI_OUTPUT: Final = "gen_ai.output.messages"
CHAT: Final = "chat"

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
