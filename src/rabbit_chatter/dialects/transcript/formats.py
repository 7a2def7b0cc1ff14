"""Which kinds of exports can be read, and how one is recognized."""

from enum import StrEnum
from pathlib import Path

from rabbit_chatter.dialects.transcript import documents, signal, sms, table, whatsapp
from rabbit_chatter.dialects.transcript.said import Reader
from rabbit_chatter.errors import DialectError

_HEAD = 8_192  # bytes in which a kind shows
_LINES = 30


class Kind(StrEnum):
    """A kind of export."""

    AUTO = "auto"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    SIGNAL = "signal"
    DISCORD = "discord"
    CSV = "csv"


READERS: dict[Kind, Reader] = {
    Kind.SMS: sms.read,
    Kind.WHATSAPP: whatsapp.read,
    Kind.TELEGRAM: documents.read_telegram,
    Kind.SIGNAL: signal.read,
    Kind.DISCORD: documents.read_discord,
    Kind.CSV: table.read,
}


def recognize(file: Path) -> Kind:
    """Return what kind of export ``file`` is, by how it begins.

    Raises:
        DialectError: none that is known; say with the option ``format`` what it is.
    """
    with file.open("rb") as opened:
        head = opened.read(_HEAD).decode("utf-8-sig", "replace")
    start = head.lstrip()
    if start.startswith("<"):
        found = Kind.SMS if "<smses" in head or "<sms " in head else None
    elif start.startswith("{"):
        found = _of_json(start)
    else:
        found = _of_text(head.splitlines()[:_LINES])
    if found is None:
        known = ", ".join(READERS)
        raise DialectError(
            f"dialect transcript: {file} is no export that is known; if it is one, say which with "
            f"the option format: {known}"
        )
    return found


def _of_json(start: str) -> Kind | None:
    first = start.splitlines()[0]
    if '"sender"' in first and '"body"' in first:
        return Kind.SIGNAL
    if '"guild"' in start or '"channel"' in start:
        return Kind.DISCORD
    if any(f'"{key}"' in start for key in ("messages", "chats", "personal_information")):
        return Kind.TELEGRAM
    return None


def _of_text(lines: list[str]) -> Kind | None:
    if lines and table.columns(lines[0]):
        return Kind.CSV
    return Kind.WHATSAPP if any(whatsapp.is_header(line) for line in lines) else None
