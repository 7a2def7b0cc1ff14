"""WhatsApp's "Export chat": text, one message after another, its date as the telephone writes dates.

A message begins with a date and a time, in brackets on iOS and followed by a dash on Android, then
``name: text``; lines without that go on with the message before. Day and month may come in either order, the
year may have two digits or come first, and the clock may have 12 hours with its half of the day in any
language. Since the file is in order, dates are recognized and not interpreted. What WhatsApp itself says has
no name and is left out, as are the notes in place of pictures.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from rabbit_chatter.dialects.transcript.said import LONGEST_LINE, LONGEST_TEXT, Broken, Said

_MARKS = "\u200e\u200f\u202a\u202c\ufeff"  # WhatsApp puts marks of direction before dates and notes
_DATE = r"\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}\.?"
_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?"
_HALF = r"[^\W\d_]{1,9}\.?(?:[ \u00a0\u202f]?[^\W\d_]{1,2}\.)?"  # AM, p. m.,오후, 下午
_GAP = r"[ \u00a0\u202f]?"
_HEADER = re.compile(
    rf"\[?{_DATE},? (?:{_HALF}{_GAP})?{_CLOCK}(?:{_GAP}{_HALF})?(?:\] ?|{_GAP}- )(?P<rest>.*)", re.DOTALL
)
_NAMED = re.compile(r"(?P<name>[^:\n]{1,80}): (?P<text>.*)", re.DOTALL)
_NOTE = re.compile(r"<[^<>\n]{3,60}>|\S+\.\w{3,4} \([^)\n]{4,40}\)")


def is_header(line: str) -> bool:
    """Return whether a message begins with ``line``."""
    return _HEADER.match(line.lstrip(_MARKS)) is not None


def read(file: Path, broken: Broken) -> Iterator[Said]:
    """Yield the messages of an export; lines before the first message are broken."""
    current: Said | None = None
    begun = False
    for number, line in _lines(file):
        if not (header := _HEADER.match(line.lstrip(_MARKS))):
            if current is not None:
                current = current._replace(text=f"{current.text}\n{line}"[:LONGEST_TEXT])
            elif not begun and line.strip():
                broken.skip(number, "no date and name, and no message before that it could go on with")
            continue
        begun = True
        if current is not None:
            yield current
        current = _message(header["rest"])
    if current is not None:
        yield current


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        number = 0
        while line := lines.readline(LONGEST_LINE):
            number += 1
            yield number, line.removesuffix("\n")


def _message(rest: str) -> Said | None:
    """Return what follows a date as a message, or ``None``: WhatsApp itself says it, or it is a picture."""
    named = _NAMED.match(rest)
    if named is None:
        return None
    text = named["text"]
    if text.startswith("\u200e") or _NOTE.fullmatch(text.strip(_MARKS + " ")):
        return None
    return Said("", named["name"].strip(_MARKS + "~\u202f\u00a0 "), text[:LONGEST_TEXT])
