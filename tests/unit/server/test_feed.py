import asyncio
import json
import re

import pytest

from rabbit_chatter.broker import Entry
from rabbit_chatter.messages import Kind, Message
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.bell import SPACING, Bell
from rabbit_chatter.server.feed import Cursor, Wanted, listen, offset_of


def say(archive: Archive, *offsets: int, sender: str = "alice", text: str = "hello") -> None:
    """Let ``sender`` tweet at each of ``offsets``."""
    for offset in offsets:
        archive.take(Entry(offset, Message(f"id{offset}", Kind.TWEET, sender, text)))


def ids(chunk: bytes) -> list[int]:
    """Return the ids of the events in a chunk."""
    return [int(number) for number in re.findall(rb"^id: (\d+)$", chunk, re.MULTILINE)]


def gap(chunk: bytes) -> int | None:
    """Return how many messages a chunk says are missing."""
    found = re.search(rb"^event: gap\ndata: (.*)\n\n", chunk)
    return json.loads(found[1])["missed"] if found else None


@pytest.fixture
def archive() -> Archive:
    """Return an archive of ten lines that has read offsets 10 to 14."""
    archive = Archive(10, 1_000_000)
    say(archive, *range(10, 15))
    return archive


def test_a_listener_hears_what_is_said_from_now_on(archive: Archive) -> None:
    """Without a place to go on from, what was said before is not sent."""
    cursor = Cursor(archive, Wanted())
    assert cursor.read() == b""
    say(archive, 15, 16)
    assert ids(cursor.read()) == [15, 16]
    assert cursor.read() == b""


def test_a_listener_goes_on_after_the_last_event_it_has(archive: Archive) -> None:
    """Nothing is lost and nothing is sent twice."""
    chunk = Cursor(archive, Wanted(), after=12).read()
    assert ids(chunk) == [13, 14]
    assert gap(chunk) is None


def test_a_place_beyond_the_end_begins_live(archive: Archive) -> None:
    """Somebody else's number is no reason to stay silent for ever."""
    cursor = Cursor(archive, Wanted(), after=10**17)
    say(archive, 15)
    assert ids(cursor.read()) == [15]


def test_who_was_away_for_too_long_is_told_how_much_is_missing(archive: Archive) -> None:
    """The gap comes first, then everything that is still here."""
    chunk = Cursor(archive, Wanted(), after=4).read()
    assert gap(chunk) == 5
    assert ids(chunk) == [10, 11, 12, 13, 14]


def test_who_is_too_slow_is_told_how_much_is_missing(archive: Archive) -> None:
    """A listener that falls behind the ring costs no memory; it loses lines and knows how many."""
    cursor = Cursor(archive, Wanted())
    say(archive, *range(15, 40))
    chunk = cursor.read()
    assert gap(chunk) == 15
    assert ids(chunk) == list(range(30, 40))


def test_filters_choose_lines(archive: Archive) -> None:
    """A cursor passes over what is not wanted, and its place moves on."""
    cursor = Cursor(archive, Wanted(bot="bobby"))
    say(archive, 15, sender="bobby")
    say(archive, 16)
    assert ids(cursor.read()) == [15]
    assert cursor.position == 16


def test_long_lines_go_out_in_several_chunks() -> None:
    """A chunk is bounded, so that a thousand slow listeners are, too."""
    archive = Archive(100, 100_000_000)
    cursor = Cursor(archive, Wanted())
    say(archive, *range(20), text="x" * 60_000)
    chunks = [cursor.read() for _ in range(5)]
    assert [offset for chunk in chunks for offset in ids(chunk)] == list(range(20))
    assert max(map(len, chunks)) < 400_000


def test_text_cannot_break_out_of_its_event(archive: Archive) -> None:
    """Line breaks of every kind are escaped; an event has one line of data, even to httpx."""
    cursor = Cursor(archive, Wanted())
    text = "a\n\nevent: gap\rdata: {}\r\n\x0b\x85\u2028\u2029\x00<script>alert(1)</script>"
    say(archive, 15, text=text)
    lines = cursor.read().decode().splitlines()
    assert [line[:3] for line in lines] == ["id:", "dat", ""]
    assert json.loads(lines[1].removeprefix("data: "))["text"] == text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *[("0", 0), ("4711", 4711)],
        *[(bad, None) for bad in (None, "", "abc", "-1", "1.5", "٣", "²", "9" * 19, "1 OR 1=1")],
    ],
)
def test_only_an_offset_is_a_place_to_go_on_from(given: str | None, expected: int | None) -> None:
    """Anything may be in a header; what is no offset is no error either."""
    assert offset_of(given) == expected


async def test_a_listener_waits_until_history_is_read() -> None:
    """Who connects while the stream is being read again hears neither all of it nor too little."""
    archive = Archive(100, 1_000_000)
    async with Bell() as bell, asyncio.timeout(10):
        resumed = listen(archive, bell, Wanted(), after=2)
        fresh = listen(archive, bell, Wanted())
        assert ids(await anext(resumed) + await anext(fresh)) == []
        waiting = asyncio.ensure_future(anext(resumed)), asyncio.ensure_future(anext(fresh))
        say(archive, *range(5))
        bell.strike()
        await asyncio.sleep(3 * SPACING)
        assert not any(task.done() for task in waiting)
        archive.catch_up()
        bell.strike()
        assert ids(await waiting[0]) == [3, 4]
        say(archive, 5)
        bell.strike()
        assert ids(await waiting[1]) == [5]


async def test_lines_that_come_close_together_go_out_together() -> None:
    """A burst is one chunk or two, not a hundred."""
    archive = Archive(1000, 1_000_000)
    archive.catch_up()
    async with Bell() as bell, asyncio.timeout(10):
        listener = listen(archive, bell, Wanted())
        await anext(listener)
        chunks = list[bytes]()
        for offset in range(100):
            say(archive, offset)
            bell.strike()
            await asyncio.sleep(0)
        while sum(len(ids(chunk)) for chunk in chunks) < 100:
            chunks.append(await anext(listener))
    assert len(chunks) <= 2


async def test_a_listener_is_told_that_offsets_begin_anew(archive: Archive) -> None:
    """After another stream took the old one's place, what is said is still heard."""
    archive.catch_up()
    async with Bell() as bell, asyncio.timeout(10):
        listener = listen(archive, bell, Wanted())
        await anext(listener)
        say(archive, 15)
        assert ids(await anext(listener)) == [15]
        archive.forget()
        assert b"event: reset" in await anext(listener)
        say(archive, 0)
        archive.catch_up()
        bell.strike()
        waiting = asyncio.ensure_future(anext(listener))
        await asyncio.sleep(3 * SPACING)
        say(archive, 1)
        bell.strike()
        assert ids(await waiting) == [1]


async def test_listeners_go_home_when_the_bell_closes(archive: Archive) -> None:
    """A server that stops does not wait for its listeners."""
    archive.catch_up()
    async with asyncio.timeout(10):
        async with Bell() as bell:
            listener = listen(archive, bell, Wanted())
            await anext(listener)
            waiting = asyncio.ensure_future(anext(listener))
            await asyncio.sleep(0)
        with pytest.raises(StopAsyncIteration):
            await waiting
