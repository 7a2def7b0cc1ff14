"""Everything that was said lately, in the order of the stream."""

from collections.abc import Callable

import structlog

from rabbit_chatter.broker import Entry
from rabbit_chatter.errors import BadMessageError
from rabbit_chatter.messages import Kind, Reason
from rabbit_chatter.server.index import Index
from rabbit_chatter.server.line import Line, line_of
from rabbit_chatter.server.ring import Ring

_CHAT = frozenset((Kind.DM, Kind.TWEET, Kind.INVITE))

log = structlog.get_logger()


class Archive:
    """The last lines, with what they say about conversations and bots.

    It is a function of the stream: who reads the same messages has the same archive. A message that was
    published twice, because its confirm was lost, is kept once, where it came first.

    Args:
        max_lines: how many lines are kept.
        max_bytes: how much of their JSON is kept.
        on_change: called after every change; must be quick.
        on_skip: called with the reason for each message that cannot be read.
        on_line: called with each line that is new; must be quick.

    Attributes:
        ring: the lines.
        index: conversations and bots.
        offset: of the last message read, -1 before the first.
        complete: whether all that was said before the start is here.
        generation: changes when the stream turned out to be another one.
    """

    def __init__(
        self,
        max_lines: int,
        max_bytes: int,
        on_change: Callable[[], None] = lambda: None,
        on_skip: Callable[[str], None] = lambda _: None,
        on_line: Callable[[Line], None] = lambda _: None,
    ) -> None:
        self.ring = Ring(max_lines, max_bytes)
        self.index = Index()
        self.offset = -1
        self.complete = False
        self.generation = 0
        self._ids: dict[str, int] = {}
        self._on_change = on_change
        self._on_skip = on_skip
        self._on_line = on_line

    def take(self, entry: Entry) -> bool:
        """Keep a message; return whether it was new.

        Raises:
            BadMessageError: it is of a kind that nobody says in a chat.
        """
        kind = entry.message.kind
        if kind not in _CHAT:
            raise BadMessageError(Reason.UNKNOWN_TYPE, f"a {kind} is not for the exchange chatter")
        self.offset = entry.offset
        if entry.message.id in self._ids:
            return False
        line = line_of(entry)
        for gone in self.ring.append(line):
            del self._ids[gone.id]
            self.index.drop(gone)
        self._ids[line.id] = self.ring.next - 1
        self.index.add(line)
        self._on_line(line)
        self._on_change()
        return True

    def find(self, message_id: str) -> Line | None:
        """Return the line of a message, if it is kept."""
        sequence = self._ids.get(message_id)
        return None if sequence is None else self.ring[sequence]

    def skip(self, offset: int, error: BadMessageError) -> None:
        """Pass over a message that cannot be read; the bots' side buries the original."""
        self.offset = offset
        self._on_skip(error.reason)
        if self.complete:  # otherwise it was logged when it was said
            log.warning("archive.skipped", offset=offset, reason=error.reason, detail=error.detail[:200])

    def catch_up(self) -> None:
        """Note that all that was said before the start is here."""
        self.complete = True
        self._on_change()

    def forget(self) -> None:
        """Begin anew: the stream is another one."""
        self.complete = False
        self.generation += 1
        self.offset = -1
        self.ring.clear()
        self.index = Index()
        self._ids.clear()
        self._on_change()
