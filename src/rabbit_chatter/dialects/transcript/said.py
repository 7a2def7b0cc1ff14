"""What a reader of exports yields, and where it tells of what it could not read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import structlog

LONGEST_LINE = 65_536  # bytes of an export that are taken at once
LONGEST_TEXT = 2_000  # characters of one message that are kept

_MOST_LOGGED = 20

log = structlog.get_logger()


class Said(NamedTuple):
    """One message of an export, in the order of the file.

    Attributes:
        chat: which conversation, as far as the export has several.
        speaker: who said it; a name or a number.
        text: what was said.
    """

    chat: str
    speaker: str
    text: str


@dataclass
class Broken:
    """Counts what could not be read, and logs the first of it with file and line.

    Attributes:
        file: that is read.
        count: pieces skipped so far.
    """

    file: Path
    count: int = field(default=0)

    def skip(self, line: int, why: str) -> None:
        """Note that what ends at ``line`` was skipped."""
        self.count += 1
        if self.count <= _MOST_LOGGED:
            log.warning("transcript.skipped", file=str(self.file), line=line, why=why)


Reader = Callable[[Path, Broken], Iterator[Said]]
