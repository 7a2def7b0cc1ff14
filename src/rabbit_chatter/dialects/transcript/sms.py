"""SMS Backup & Restore (Android): XML with one ``<sms …/>`` a line.

Attributes ``address``, ``contact_name``, ``type`` (1 received, 2 sent) and ``body``, as
https://www.synctech.com.au/sms-backup-restore/fields-in-xml-backup-files/ describes. Multimedia messages are
left out. The app writes an emoji as two references to halves of a surrogate pair, which is no XML; they are
put together first. After a broken piece, reading goes on with the next line that begins a message.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.parsers import expat

from rabbit_chatter.dialects.transcript.said import LONGEST_LINE, LONGEST_TEXT, Broken, Said
from rabbit_chatter.errors import DialectError

_ME = "me"
_SENT = "2"
_NOBODY = {"", "null", "(Unknown)"}
_PAIR = re.compile(rb"&#(5[56]\d{3});&#(5[67]\d{3});")
_MESSAGE = re.compile(rb"\s*<(sms|mms|call)[\s>]")


def read(file: Path, broken: Broken) -> Iterator[Said]:
    """Yield the text messages of an export.

    Raises:
        DialectError: it has a document type, with which entities could be declared that grow without end.
    """
    messages = _Messages(file)
    resting = False  # after an error, until a message begins
    with file.open("rb") as lines:
        number, began = 0, 1
        while line := lines.readline(LONGEST_LINE):
            number += line.endswith(b"\n")
            begins = _MESSAGE.match(line) is not None
            if resting and not begins:
                continue
            problem = messages.feed(line)
            if problem and begins and messages.feed(line, afresh=True) is None:
                broken.skip(began, problem)  # the message before had no end
                problem = None
            elif problem:
                broken.skip(number, problem)
                messages.restart()
            resting = problem is not None
            began = number if begins else began
            yield from messages.take()


def _joined(pair: re.Match[bytes]) -> bytes:
    """Return the character that two halves stand for (The Unicode Standard, 3.9, UTF-16)."""
    high, low = int(pair[1]), int(pair[2])
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return pair[0]
    return b"&#%d;" % (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


class _Messages:
    """Collects what a parser finds, and begins anew with another one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found: list[Said] = []
        self._parser = self._fresh()

    def feed(self, line: bytes, *, afresh: bool = False) -> str | None:
        """Parse ``line``, with a new parser if so wished; return what is wrong with it."""
        if afresh:
            self.restart()
        try:
            self._parser.Parse(_PAIR.sub(_joined, line))
        except expat.ExpatError as error:
            return expat.errors.messages[error.code]
        return None

    def restart(self) -> None:
        """Forget what was not finished."""
        self._parser = self._fresh()
        self._parser.Parse(b"<smses>")

    def take(self) -> list[Said]:
        """Return what was found since the last call."""
        found, self._found = self._found, []
        return found

    def _fresh(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._element
        parser.StartDoctypeDeclHandler = self._refuse
        return parser

    def _element(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sms" and (text := attributes.get("body", "null")) != "null":
            other = attributes.get("contact_name", "")
            other = attributes.get("address", "") if other in _NOBODY else other
            speaker = _ME if attributes.get("type") == _SENT else other
            self._found.append(Said(other, speaker, text[:LONGEST_TEXT]))

    def _refuse(self, *_: object) -> None:
        raise DialectError(
            f"dialect transcript: {self._file} declares a document type; that is no SMS export"
        )
