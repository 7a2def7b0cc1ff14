"""What is said: one frozen message, its JSON body, and the reasons why one may be refused.

On the wire (AMQP 0-9-1, ``content_type: application/json``):

=====================  ==========================================================================
property               meaning
=====================  ==========================================================================
``message_id``         UUIDv7; consumers are idempotent by it
``type``               ``dm``, ``tweet``, ``invite`` or ``control``
``correlation_id``     the conversation (OpenTelemetry's ``messaging.message.conversation_id``)
``timestamp``          seconds, as AMQP has it
``app_id``             the program that said it
header ``x-sent-ns``   nanoseconds since 1970 as an integer: a float would travel with 32 bits
header ``traceparent`` W3C trace context, put there by OpenTelemetry
body                   ``{"from": …, "to": …, "text": …, "turn": …, "last": …, "dialect": …}``
=====================  ==========================================================================
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec
import uuid_utils

from rabbit_chatter import names
from rabbit_chatter.clock import NANOSECONDS
from rabbit_chatter.errors import BadMessageError, BadNameError

APP_ID = "rabbit-chatter"
CONTENT_TYPE = "application/json"
SENT_HEADER = "x-sent-ns"
REASON_HEADER = "x-reason"
DETAIL_HEADER = "x-detail"

MAX_BODY_BYTES = 64 * 1024
MAX_ID_LENGTH = 64


class Kind(StrEnum):
    """What a message is; it becomes the span's template and a metric label, so the set is closed."""

    DM = "dm"
    TWEET = "tweet"
    INVITE = "invite"
    CONTROL = "control"


_BETWEEN_TWO = frozenset((Kind.DM, Kind.INVITE))


class Reason(StrEnum):
    """Why a message became a dead letter; a metric label, so the set is closed."""

    NOT_JSON = "not-json"
    BAD_FIELD = "bad-field"
    BAD_HEADER = "bad-header"
    UNKNOWN_TYPE = "unknown-type"
    NO_MESSAGE_ID = "no-message-id"
    TOO_LARGE = "too-large"
    NOT_FOR_ME = "not-for-me"
    BUSY = "busy"
    HANDLER_FAILED = "handler-failed"


class Body(msgspec.Struct, frozen=True, gc=False, rename={"sender": "from"}):
    """The JSON part. Unknown fields are ignored, so that newer bots may talk to older ones."""

    sender: str
    text: str
    to: str | None = None
    turn: int = 0
    last: bool = False
    dialect: str | None = None


class Message(msgspec.Struct, frozen=True, gc=False):
    """One thing said, complete.

    Attributes:
        id: UUIDv7, new for each message, kept when a publish is tried again.
        kind: what it is.
        sender: the bot that said it.
        to: the bot it is for; ``None`` where it is for many.
        text: what was said; untrusted.
        conversation: id of the conversation, if it belongs to one.
        turn: number of the message within its conversation, from 0.
        last: nobody is expected to answer.
        dialect: how the sender talks.
        sent_ns: when it was sent, nanoseconds since 1970.
    """

    id: str
    kind: Kind
    sender: str
    text: str
    to: str | None = None
    conversation: str | None = None
    turn: int = 0
    last: bool = False
    dialect: str | None = None
    sent_ns: int = 0

    @property
    def exchange(self) -> str:
        """The exchange it is published to."""
        return names.CONTROL if self.kind is Kind.CONTROL else names.EXCHANGE

    @property
    def routing_key(self) -> str:
        """Its routing key; see :mod:`rabbit_chatter.names`."""
        if self.kind is Kind.TWEET:
            return names.tweet_key(self.sender)
        if self.kind is Kind.CONTROL:
            return Kind.CONTROL
        if self.kind is Kind.INVITE:
            return names.invite_key(self.to or "")
        return names.dm_key(self.sender, self.to or "")


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Body)


def new_id() -> str:
    """Return a UUIDv7: unique, and sortable by time (RFC 9562)."""
    return str(uuid_utils.uuid7())


def encode_body(message: Message) -> bytes:
    """Return the JSON body of ``message``."""
    return _encoder.encode(
        Body(message.sender, message.text, message.to, message.turn, message.last, message.dialect)
    )


class Properties(msgspec.Struct, frozen=True, gc=False):
    """What AMQP says of a message beside its body."""

    message_id: str | None
    type: str | None
    correlation_id: str | None
    headers: Mapping[str, object]
    timestamp: float | None = None


def parse(body: bytes, properties: Properties) -> Message:
    """Build a :class:`Message` from what was delivered; anybody may have sent it.

    Args:
        body: at most :data:`MAX_BODY_BYTES`.
        properties: AMQP's properties and headers.

    Raises:
        BadMessageError: with the :class:`Reason` for the dead letter.
    """
    kind, message_id = _identity(properties)
    if len(body) > MAX_BODY_BYTES:
        raise BadMessageError(Reason.TOO_LARGE, f"{len(body)} bytes, the limit is {MAX_BODY_BYTES}")
    try:
        said = _decoder.decode(body)
        names.check_bot_name(said.sender)
        if kind in _BETWEEN_TWO:
            names.check_bot_name(said.to or "")
    except BadNameError as error:
        raise BadMessageError(Reason.BAD_FIELD, str(error)) from error
    except msgspec.ValidationError as error:
        raise BadMessageError(Reason.BAD_FIELD, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # ten thousand brackets
        raise BadMessageError(Reason.NOT_JSON, str(error)) from error
    if kind in _BETWEEN_TWO and not properties.correlation_id:
        raise BadMessageError(Reason.BAD_FIELD, f"a {kind} needs its conversation's id as correlation_id")
    return Message(
        id=message_id,
        kind=kind,
        sender=said.sender,
        to=said.to,
        text=said.text,
        conversation=properties.correlation_id,
        turn=said.turn,
        last=said.last,
        dialect=said.dialect,
        sent_ns=_sent_ns(properties),
    )


def _identity(properties: Properties) -> tuple[Kind, str]:
    try:
        kind = Kind(properties.type or "")
    except ValueError:
        known = ", ".join(Kind)
        raise BadMessageError(
            Reason.UNKNOWN_TYPE, f"type {properties.type!r:.40} is none of {known}"
        ) from None
    for value in (properties.message_id, properties.correlation_id):
        if value is not None and len(value) > MAX_ID_LENGTH:
            raise BadMessageError(Reason.BAD_HEADER, f"an id is longer than {MAX_ID_LENGTH} characters")
    if not properties.message_id:
        raise BadMessageError(Reason.NO_MESSAGE_ID, "without message_id a redelivery cannot be told apart")
    return kind, properties.message_id


def _sent_ns(properties: Properties) -> int:
    sent = properties.headers.get(SENT_HEADER)
    if sent is None:  # a foreign client may only know AMQP's timestamp
        return int((properties.timestamp or 0) * NANOSECONDS)
    if not isinstance(sent, int) or isinstance(sent, bool) or sent < 0:
        raise BadMessageError(Reason.BAD_HEADER, f"{SENT_HEADER} must be an integer of nanoseconds")
    return sent
