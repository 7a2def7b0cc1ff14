"""The last lines that were said, and no more than that: bounded in number and in bytes."""

from collections.abc import Iterator

from rabbit_chatter.server.line import Line


class Ring:
    """Lines in order, each with a sequence number that is never used again.

    Offsets have gaps and may begin anew with another stream; sequence numbers do neither, so that a
    cursor is one integer.

    Args:
        max_lines: how many are kept.
        max_bytes: how much JSON is kept; one line is kept however long it is.

    Attributes:
        first: sequence number of the oldest line kept.
        next: sequence number that the next line will have.
        bytes: JSON kept.
    """

    def __init__(self, max_lines: int, max_bytes: int) -> None:
        self._slots: list[Line | None] = [None] * max_lines
        self._max_bytes = max_bytes
        self.first = 0
        self.next = 0
        self.bytes = 0

    def __len__(self) -> int:
        return self.next - self.first

    def __getitem__(self, sequence: int) -> Line:
        line = self._slots[sequence % len(self._slots)] if self.first <= sequence < self.next else None
        if line is None:
            raise IndexError(f"line {sequence} is not kept; {self.first} to {self.next - 1} are")
        return line

    def append(self, line: Line) -> list[Line]:
        """Add a line and return those that had to go, oldest first."""
        size, gone = len(line.data), []
        while len(self) and (len(self) == len(self._slots) or self.bytes + size > self._max_bytes):
            gone.append(self._drop())
        self._slots[self.next % len(self._slots)] = line
        self.next += 1
        self.bytes += size
        return gone

    def clear(self) -> None:
        """Forget every line; sequence numbers go on."""
        while len(self):
            self._drop()

    def after(self, offset: int) -> int:
        """Return the sequence number of the first line kept whose offset is greater."""
        low, high = self.first, self.next
        while low < high:
            middle = (low + high) // 2
            if self[middle].offset > offset:
                high = middle
            else:
                low = middle + 1
        return low

    def backwards(self, before: int | None = None) -> Iterator[Line]:
        """Yield lines newest first, beginning below the offset ``before``."""
        start = self.next if before is None else self.after(before - 1)
        for sequence in range(start - 1, self.first - 1, -1):
            yield self[sequence]

    def _drop(self) -> Line:
        line = self[self.first]
        self._slots[self.first % len(self._slots)] = None
        self.first += 1
        self.bytes -= len(line.data)
        return line
