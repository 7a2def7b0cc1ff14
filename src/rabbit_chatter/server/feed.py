"""Eavesdropping: a listener is a place in the ring, and what it is sent was encoded once for all."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from rabbit_chatter.clock import monotonic
from rabbit_chatter.messages import Kind
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.bell import KEEP_ALIVE, Bell
from rabbit_chatter.server.line import Line

_CHUNK_BYTES = 256 * 1024
_HELLO = b"retry: 1000\n\n"  # milliseconds until a browser connects again
_RESET = b"event: reset\ndata: {}\n\n"  # offsets begin anew: the stream is another one
_MAX_DIGITS = 18  # an offset is a 64-bit integer


@dataclass(frozen=True)
class Wanted:
    """Which lines a listener wants; what is ``None`` does not matter."""

    bot: str | None = None
    conversation: str | None = None
    kind: Kind | None = None
    dialect: str | None = None

    def covers(self, line: Line) -> bool:
        """Return whether ``line`` is wanted."""
        return (
            (self.bot is None or self.bot in (line.sender, line.to))
            and (self.conversation is None or self.conversation == line.conversation)
            and (self.kind is None or self.kind is line.kind)
            and (self.dialect is None or self.dialect == line.dialect)
        )


class Cursor:
    """A listener's place: no lines wait for it anywhere but in the ring.

    Args:
        archive: whose lines are read; must be complete.
        wanted: which of them.
        after: offset of the last line that the listener has; ``None`` begins with the next one said.
    """

    def __init__(self, archive: Archive, wanted: Wanted, after: int | None = None) -> None:
        self._archive = archive
        self._wanted = wanted
        self._generation = archive.generation
        self._offset = archive.offset
        self._sequence = archive.ring.next
        self._gap = 0
        if after is not None and after <= archive.offset:
            self._seek(after)

    @property
    def position(self) -> int:
        """Offset up to which the listener knows all that it wants; -1 for nothing."""
        return self._offset

    @property
    def lost(self) -> bool:
        """Whether the archive began anew; make another cursor from :attr:`position`, once it is complete."""
        return self._generation != self._archive.generation

    def read(self) -> bytes:
        """Return the events since the last call, at most some hundred KiB; call again until it is empty."""
        ring, chunk, size = self._archive.ring, [], 0
        if self._sequence < ring.first:
            self._gap += ring[ring.first].offset - self._offset - 1
            self._sequence = ring.first
        if self._gap:
            chunk.append(gap_event(self._gap, self._offset))
            self._gap = 0
        while self._sequence < ring.next and size < _CHUNK_BYTES:
            line = ring[self._sequence]
            self._sequence += 1
            self._offset = line.offset
            if self._wanted.covers(line):
                event = line.event
                chunk.append(event)
                size += len(event)
        return b"".join(chunk)

    def _seek(self, after: int) -> None:
        ring = self._archive.ring
        self._offset = after
        self._sequence = ring.after(after)
        if len(ring) and self._sequence == ring.first:
            self._gap = ring[ring.first].offset - after - 1


def gap_event(missed: int, after: int) -> bytes:
    """Return the event that tells a listener that it was too slow, or away for too long.

    Args:
        missed: how many messages of the stream are no longer here, wanted or not.
        after: offset of the last one that the listener has.
    """
    data = msgspec.json.encode({"missed": missed, "after": after})
    return b"event: gap\ndata: %b\n\n" % data


def offset_of(last_event_id: str | None) -> int | None:
    """Return the offset in a ``Last-Event-ID``; ``None`` where there is none that could be ours."""
    if not last_event_id or len(last_event_id) > _MAX_DIGITS:
        return None
    return int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else None


async def listen(
    archive: Archive, bell: Bell, wanted: Wanted, after: int | None = None
) -> AsyncIterator[bytes]:
    """Yield chunks of server-sent events until the bell is closed.

    Args:
        archive: what is said.
        bell: rings when there is more.
        wanted: which lines.
        after: offset of the last line that the listener has.
    """
    # The place is taken first: what is said while the greeting travels is heard.
    cursor = Cursor(archive, wanted, after) if archive.complete else None
    yield _HELLO
    sent = monotonic()
    while not bell.closed:
        if cursor is not None and cursor.lost:
            after, cursor = cursor.position, None
            yield _RESET
        if cursor is None and archive.complete:
            cursor = Cursor(archive, wanted, after)
        chunk = cursor.read() if cursor is not None else b""
        if not chunk and monotonic() - sent > KEEP_ALIVE * 0.9:
            chunk = _keep_alive(cursor)
        if chunk:
            yield chunk
            sent = monotonic()
        else:
            await bell.wait()


def _keep_alive(cursor: Cursor | None) -> bytes:
    """Return a comment; an id without data moves the listener's ``Last-Event-ID`` on without an event."""
    if cursor is None or cursor.position < 0:
        return b": waiting\n\n"
    return b": still here\nid: %d\n\n" % cursor.position
