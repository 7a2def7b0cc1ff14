"""What a reader of a stream is told: each message with its place and its trace."""

import re
from typing import Protocol

import msgspec

from rabbit_chatter.errors import BadMessageError
from rabbit_chatter.messages import Message

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]([0-9a-f])")


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A message and its place in the stream.

    Attributes:
        offset: its place, from 0; there may be gaps.
        message: what was said.
        trace_id: of the trace in which it was published, 32 hexadecimal digits.
        sampled: whether that trace was recorded.
        traceparent: that header as it travelled.
    """

    offset: int
    message: Message
    trace_id: str | None = None
    sampled: bool = False
    traceparent: str | None = None


class Listener(Protocol):
    """Whoever wants to know what is in the stream; called in order of offsets, never twice for one."""

    def take(self, entry: Entry) -> bool:
        """Take the next message; return whether it was new."""

    def skip(self, offset: int, error: BadMessageError) -> None:
        """Learn that the message at ``offset`` cannot be read."""

    def catch_up(self) -> None:
        """Learn that all that was said before the start has been told."""

    def forget(self) -> None:
        """Learn that the stream is another one: offsets begin anew."""


def trace_of(traceparent: object) -> tuple[str | None, bool]:
    """Return the trace id in a W3C ``traceparent`` and whether it is sampled; ``(None, False)`` without one.

    See https://www.w3.org/TR/trace-context/#traceparent-header.
    """
    match = _TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    return (match[1], bool(int(match[2], 16) & 1)) if match else (None, False)
