"""The last spans, in SQLite: bounded in number and in bytes, the oldest trace goes first.

Nothing here is worth repairing: a file that cannot be read is begun anew, and a crash may
lose the last spans.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from rabbit_chatter.server.traces.span import Span

MAX_SPANS_PER_TRACE = 2000  # nobody looks at more, and one endless trace must not push out all others
MAX_SPAN_BYTES = 64 * 1024
_LOCKED = 0.5  # seconds; nobody but a curious student has this file open, too

_SCHEMA = """
CREATE TABLE IF NOT EXISTS trace (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, spans INTEGER NOT NULL, bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS span (
    trace INTEGER NOT NULL, id TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (trace, id)
) WITHOUT ROWID;
"""

_encode = msgspec.json.Encoder().encode


class TraceStore:
    """Spans by trace. Not for two threads at a time.

    Args:
        file: where they are kept; ``None`` is a temporary file of SQLite's, gone at the end.
        max_spans: how many are kept.
        max_bytes: how much of their JSON is kept.

    Attributes:
        traces: kept now.
        spans: kept now.
        bytes: of their JSON.
    """

    def __init__(self, file: Path | None, max_spans: int, max_bytes: int) -> None:
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        try:
            self._base = _open(file)
        except sqlite3.DatabaseError:
            if file is None:
                raise
            _remove(file)
            self._base = _open(file)
        self._count()

    def add(self, spans: Iterable[Span]) -> int:
        """Keep ``spans``, one that is here already once; return how many were too large or too many.

        Raises:
            sqlite3.Error: nothing was kept, as where the disk is full.
        """
        refused = 0
        by_trace: dict[str, list[Span]] = {}
        for span in spans:
            by_trace.setdefault(span.trace_id, []).append(span)
        try:
            with self._base:
                for trace_id, some in by_trace.items():
                    refused += self._add(trace_id, some)
                self._make_room()
        except sqlite3.Error:
            self._count()
            raise
        return refused

    def get(self, trace_id: str) -> list[bytes]:
        """Return the JSON of a trace's spans; none if it is not here."""
        rows = self._base.execute(
            "SELECT data FROM span JOIN trace ON trace.number = span.trace WHERE trace.id = ?", (trace_id,)
        )
        return [data for (data,) in rows]

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _add(self, trace_id: str, spans: Sequence[Span]) -> int:
        row = self._base.execute("SELECT number, spans FROM trace WHERE id = ?", (trace_id,)).fetchone()
        if row is None:
            row = self._base.execute("INSERT INTO trace (id, spans, bytes) VALUES (?, 0, 0)", (trace_id,))
            row = row.lastrowid, 0
            self.traces += 1
        number, kept = row
        added = size = refused = 0
        for span in spans:
            data = _json(span)
            if kept + added >= MAX_SPANS_PER_TRACE or not 0 < len(data) <= MAX_SPAN_BYTES:
                refused += 1
                continue
            done = self._base.execute(
                "INSERT OR IGNORE INTO span VALUES (?, ?, ?)", (number, span.span_id, data)
            )
            added += done.rowcount
            size += len(data) * done.rowcount
        self._base.execute(
            "UPDATE trace SET spans = spans + ?, bytes = bytes + ? WHERE number = ?", (added, size, number)
        )
        self.spans += added
        self.bytes += size
        return refused

    def _count(self) -> None:
        row = self._base.execute("SELECT count(*), total(spans), total(bytes) FROM trace").fetchone()
        self.traces, self.spans, self.bytes = (int(number) for number in row)

    def _make_room(self) -> None:
        while self.traces > 1 and (self.spans > self._max_spans or self.bytes > self._max_bytes):
            number, spans, size = self._base.execute(
                "SELECT number, spans, bytes FROM trace ORDER BY number LIMIT 1"
            ).fetchone()
            self._base.execute("DELETE FROM span WHERE trace = ?", (number,))
            self._base.execute("DELETE FROM trace WHERE number = ?", (number,))
            self.traces -= 1
            self.spans -= spans
            self.bytes -= size


def _json(span: Span) -> bytes:
    """Return a span's JSON; nothing where a text holds half a character."""
    try:
        return _encode(span)
    except (ValueError, OverflowError, RecursionError):
        return b""


def _open(file: Path | None) -> sqlite3.Connection:
    base = sqlite3.connect(str(file) if file else "", timeout=_LOCKED, check_same_thread=False)
    try:
        # Losing the last spans with the machine's power is fine; waiting for the disk is not.
        base.execute("PRAGMA synchronous = OFF")
        base.execute("PRAGMA journal_mode = TRUNCATE")
        base.executescript(_SCHEMA)
        base.execute("SELECT trace.number, data FROM trace JOIN span LIMIT 1").fetchone()
    except sqlite3.DatabaseError:
        base.close()
        raise
    return base


def _remove(file: Path) -> None:
    for name in (file, file.with_name(f"{file.name}-journal")):
        with suppress(FileNotFoundError):
            name.unlink()
