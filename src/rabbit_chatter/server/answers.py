"""The archive's answers as JSON: lines were encoded once and are only put together here."""

from collections.abc import Iterable
from itertools import islice

import msgspec

from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.feed import Wanted
from rabbit_chatter.server.index import Bot, Conversation, State
from rabbit_chatter.server.line import Line, iso

_PARTNERS = 20
_TWEETS = 10

_encode = msgspec.json.Encoder().encode


def timeline(archive: Archive, wanted: Wanted, limit: int, before: int | None) -> bytes:
    """Return up to ``limit`` lines below the offset ``before``, newest first, and where to read on."""
    found = (line for line in archive.ring.backwards(before) if wanted.covers(line))
    page = list(islice(found, limit))
    more = next(found, None) is not None
    return _encode({"messages": _lines(page), "before": page[-1].offset if more else None})


def conversations(archive: Archive, state: State | None, bot: str | None, offset: int, limit: int) -> bytes:
    """Return a page of conversations, the one with the latest line first."""
    found = [
        talk
        for talk in reversed(archive.index.conversations.values())
        if (state is None or talk.state is state) and (bot is None or bot in talk.voices)
    ]
    page = [_summary(talk) for talk in found[offset : offset + limit]]
    return _encode({"conversations": page, "total": len(found)})


def transcript(talk: Conversation, offset: int, limit: int) -> bytes:
    """Return a conversation with its lines in order."""
    lines = islice(talk.lines, offset, offset + limit)
    return _encode({**_summary(talk), "messages": _lines(lines)})


def profile(bot: Bot) -> bytes:
    """Return what is known of a bot."""
    latest = bot.lines[-1]
    return _encode(
        {
            "name": bot.name,
            "dialect": latest.dialect,
            "last_seen": iso(latest.sent_ns),
            "sent": len(bot.lines),
            "partners": dict(sorted(bot.partners.items(), key=lambda item: (-item[1], item[0]))[:_PARTNERS]),
            "tweets": _lines(islice(reversed(bot.tweets), _TWEETS)),
        }
    )


def _summary(talk: Conversation) -> dict[str, object]:
    first, latest = talk.lines[0], talk.lines[-1]
    return {
        "id": talk.id,
        "participants": sorted(talk.voices),
        "state": talk.state,
        "turns": talk.turns,
        "started": iso(first.sent_ns),
        "latest": iso(latest.sent_ns),
        "trace_id": first.trace_id,
    }


def _lines(lines: Iterable[Line]) -> list[msgspec.Raw]:
    return [msgspec.Raw(line.data) for line in lines]
