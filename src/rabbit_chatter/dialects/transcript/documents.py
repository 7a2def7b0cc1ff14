"""Exports that are one JSON document, read piece by piece: Telegram's, and DiscordChatExporter's.

Telegram Desktop writes ``messages``, or ``chats.list[].messages`` for a whole account
(https://core.telegram.org/import-export); ``text`` is a text or a list of texts and marked pieces.
DiscordChatExporter writes ``messages`` with ``author`` and ``content``. A document that breaks off is read as
far as it goes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from rabbit_chatter.dialects.transcript.said import LONGEST_LINE, LONGEST_TEXT, Broken, Said

_DISCORD_SPEECH = {"Default", "Reply", "0", "19"}
_TELEGRAM_PLACES = ("messages.item", "chats.list.item.messages.item")
_DISCORD_PLACES = ("messages.item",)


class _Lines:
    """A file that gives at most a line at a time, so that it is known on which line something ended."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next line, or a piece of it."""
        line = self._file.readline(LONGEST_LINE if size else 0)
        self.number += line.endswith(b"\n")
        return line


def read_telegram(file: Path, broken: Broken) -> Iterator[Said]:
    """Yield what people said, without service messages."""
    return _read(file, broken, _TELEGRAM_PLACES, _telegram)


def read_discord(file: Path, broken: Broken) -> Iterator[Said]:
    """Yield what people said, without the system's messages."""
    return _read(file, broken, _DISCORD_PLACES, _discord)


def _read(
    file: Path, broken: Broken, places: tuple[str, ...], message: Callable[[Any], Said | None]
) -> Iterator[Said]:
    place = _place(file, places)
    if place is None:
        return
    with file.open("rb") as raw:
        lines = _Lines(raw)
        try:
            for item in ijson.items(lines, place):
                try:
                    said = message(item)
                except (AttributeError, KeyError, TypeError) as error:
                    broken.skip(lines.number, f"a message is not as it should be: {error!r}")
                else:
                    if said is not None:
                        yield said
        except (ijson.JSONError, UnicodeDecodeError) as error:
            broken.skip(lines.number, f"broken JSON, the rest is not read: {str(error).splitlines()[0]}")


def _place(file: Path, places: tuple[str, ...]) -> str | None:
    """Return the first of ``places`` that the document has."""
    with file.open("rb") as raw:
        try:
            return next((prefix for prefix, *_ in ijson.parse(raw) if prefix in places), None)
        except (ijson.JSONError, UnicodeDecodeError):
            return places[0]


def _telegram(item: Any) -> Said | None:  # noqa: ANN401 - whatever the export has there
    if item["type"] != "message" or not item.get("from"):
        return None
    text = item["text"]
    if not isinstance(text, str):
        text = "".join(piece if isinstance(piece, str) else piece["text"] for piece in text)
    return Said("", _text(item["from"]), text[:LONGEST_TEXT]) if text.strip() else None


def _discord(item: Any) -> Said | None:  # noqa: ANN401 - whatever the export has there
    author, text = item["author"], _text(item["content"])
    if str(item.get("type", "Default")) not in _DISCORD_SPEECH or not text.strip():
        return None
    return Said("", _text(author.get("nickname") or author["name"]), text[:LONGEST_TEXT])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value
