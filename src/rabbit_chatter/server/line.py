"""One line of the timeline: a message as it goes out over HTTP, encoded once for everybody."""

from datetime import UTC, datetime

import msgspec

from rabbit_chatter.broker import Entry
from rabbit_chatter.clock import NANOSECONDS
from rabbit_chatter.messages import Kind


class Said(msgspec.Struct, frozen=True, gc=False, rename={"sender": "from"}):
    """The JSON of a message; :class:`rabbit_chatter.server.models.Said` documents each field."""

    offset: int
    id: str
    kind: Kind
    sender: str
    to: str | None
    text: str
    conversation: str | None
    turn: int
    last: bool
    dialect: str | None
    sent: str | None
    trace_id: str | None
    sampled: bool
    traceparent: str | None


class Line(msgspec.Struct, frozen=True, gc=False):
    """What the archive keeps of a message: what it is found by, and its JSON.

    Attributes:
        offset: its place in the stream.
        id: of the message.
        kind: what it is.
        sender: who said it.
        to: to whom; ``None`` for a tweet.
        conversation: its conversation's id, if any.
        last: nobody is expected to answer.
        dialect: how the sender talks.
        sent_ns: when it was sent, nanoseconds since 1970; 0 where nobody said.
        trace_id: of the trace in which it was published.
        data: the JSON of :class:`Said`, without a line break.
    """

    offset: int
    id: str
    kind: Kind
    sender: str
    to: str | None
    conversation: str | None
    last: bool
    dialect: str | None
    sent_ns: int
    trace_id: str | None
    data: bytes

    @property
    def event(self) -> bytes:
        """The server-sent event whose id is the offset.

        See https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation.
        """
        return b"id: %d\ndata: %b\n\n" % (self.offset, self.data)


_encoder = msgspec.json.Encoder()

# Line breaks to Python's str.splitlines, and so to httpx, though not to JSON or to a browser.
_BREAKS = [(mark.encode(), b"\\u%04x" % ord(mark)) for mark in "\x85\u2028\u2029"]


def line_of(entry: Entry) -> Line:
    """Return the line for a message of the stream."""
    said = entry.message
    data = Said(
        entry.offset,
        said.id,
        said.kind,
        said.sender,
        said.to,
        said.text,
        said.conversation,
        said.turn,
        said.last,
        said.dialect,
        iso(said.sent_ns),
        entry.trace_id,
        entry.sampled,
        entry.traceparent,
    )
    return Line(
        entry.offset,
        said.id,
        said.kind,
        said.sender,
        said.to,
        said.conversation,
        said.last,
        said.dialect,
        said.sent_ns,
        entry.trace_id,
        _one_line(_encoder.encode(data)),
    )


def _one_line(data: bytes) -> bytes:
    for mark, escaped in _BREAKS:
        data = data.replace(mark, escaped)
    return data


def iso(ns: int) -> str | None:
    """Return nanoseconds since 1970 as ISO 8601 in UTC with milliseconds; ``None`` if there are none."""
    if not ns:
        return None
    seconds, rest = divmod(ns, NANOSECONDS)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
