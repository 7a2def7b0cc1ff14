"""Plain CSV (RFC 4180) with a heading: one column says who, another what; comma, semicolon or tab."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from rabbit_chatter.dialects.transcript.said import LONGEST_LINE, LONGEST_TEXT, Broken, Said

_WHO = ("speaker", "sender", "from", "author", "name", "user", "who")
_WHAT = ("text", "message", "body", "content", "what")
_WHERE = ("chat", "conversation", "thread", "channel", "room")


def columns(heading: str) -> tuple[str, int, int, int | None] | None:
    """Return delimiter and the columns of who, what and perhaps where, or ``None``: it is no such heading."""
    for delimiter in ",;\t":
        names = [name.strip().lower() for name in next(csv.reader([heading], delimiter=delimiter), [])]
        who, what, where = (_first(names, wanted) for wanted in (_WHO, _WHAT, _WHERE))
        if who is not None and what is not None:
            return delimiter, who, what, where
    return None


def read(file: Path, broken: Broken) -> Iterator[Said]:
    """Yield the rows that have a text."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        found = columns(lines.readline(LONGEST_LINE).rstrip("\r\n"))
        if found is None:
            broken.skip(1, f"no heading with one of {', '.join(_WHO)} and one of {', '.join(_WHAT)}")
            return
        delimiter, who, what, where = found
        for number, row in _rows(lines, delimiter, broken):
            try:
                chat = row[where] if where is not None else ""
                speaker, text = row[who].strip(), row[what].strip()
            except IndexError:
                broken.skip(number, f"only {len(row)} columns")
                continue
            if text and speaker:
                yield Said(chat, speaker, text[:LONGEST_TEXT])
            elif text:
                broken.skip(number, "nobody said it")


def _rows(lines: TextIO, delimiter: str, broken: Broken) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells; what is longer than the module takes is skipped."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            broken.skip(reader.line_num + 1, str(error))
        else:
            if row:
                yield reader.line_num + 1, row


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)
