import asyncio
import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest

from rabbit_chatter.server.traces.keeper import MOST_WAITING, BusyError, Keeper
from rabbit_chatter.server.traces.span import Span
from rabbit_chatter.server.traces.store import MAX_SPAN_BYTES, MAX_SPANS_PER_TRACE, TraceStore

ALL = 10_000_000


def span(trace: int, number: int, **changes: object) -> Span:
    """Return a span of a trace."""
    made = Span(f"{trace:032x}", f"{number:016x}", None, "x", "service", "instance", "internal", 1, 2)
    return msgspec.structs.replace(made, **changes)


def ids(store: TraceStore, trace: int) -> set[str]:
    """Return the ids of a trace's spans."""
    return {msgspec.json.decode(data)["span_id"] for data in store.get(f"{trace:032x}")}


def test_what_is_kept_comes_back() -> None:
    """A trace's spans come in any number of requests, and come back together."""
    store = TraceStore(None, ALL, ALL)
    store.add([span(1, 1, name="first"), span(2, 1)])
    store.add([span(1, 2)])
    assert ids(store, 1) == {f"{1:016x}", f"{2:016x}"}
    assert msgspec.json.decode(store.get(f"{2:032x}")[0], type=Span) == span(2, 1)
    assert store.get("f" * 32) == []
    assert (store.traces, store.spans) == (2, 3)


def test_what_is_sent_again_is_kept_once() -> None:
    """An exporter that did not hear the answer sends the same again."""
    store = TraceStore(None, ALL, ALL)
    store.add([span(1, 1)])
    size = store.bytes
    assert store.add([span(1, 1)]) == 0
    assert (store.spans, store.bytes) == (1, size)


def test_the_oldest_trace_goes_first() -> None:
    """The number of spans is bounded, and whole traces go, not parts of them."""
    store = TraceStore(None, 10, ALL)
    for trace in range(1, 6):
        store.add([span(trace, number) for number in range(1, 4)])
    assert store.spans == 9
    assert ids(store, 2) == set()
    assert all(len(ids(store, trace)) == 3 for trace in (3, 4, 5))


def test_bytes_are_bounded() -> None:
    """However few spans there are, their JSON stays below the limit; the last trace is kept in any case."""
    store = TraceStore(None, ALL, 20_000)
    for trace in range(1, 20):
        store.add([span(trace, 1, message="x" * 5000)])
        assert store.bytes <= 20_000
    store.add([span(99, number, message="x" * 9000) for number in range(1, 5)])
    assert len(ids(store, 99)) == 4


def test_one_trace_cannot_push_out_all_others() -> None:
    """An endless trace is cut, a huge span is refused, and half a character; each is counted."""
    store = TraceStore(None, ALL, ALL)
    store.add([span(1, 1)])
    assert store.add(span(2, number) for number in range(1, MAX_SPANS_PER_TRACE + 8)) == 7
    assert store.add([span(3, 1, message="x" * MAX_SPAN_BYTES), span(3, 2)]) == 1
    assert store.add([span(4, 1, message="\ud800")]) == 1
    assert ids(store, 1)


def test_a_restart_finds_what_was_kept(tmp_path: Path) -> None:
    """The file serves the next process, with its counts; the limits hold for it, too."""
    file = tmp_path / "traces.sqlite"
    store = TraceStore(file, ALL, ALL)
    store.add([span(1, 1), span(2, 1)])
    kept = (store.traces, store.spans, store.bytes)
    store.close()
    again = TraceStore(file, 2, ALL)
    assert (again.traces, again.spans, again.bytes) == kept
    again.add([span(3, 1)])
    assert (ids(again, 1), ids(again, 2)) == (set(), {f"{1:016x}"})


@pytest.mark.parametrize(
    "content", [b"this is no database, but it is long enough to be read as one" * 99, b"x"]
)
def test_a_broken_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    """Nothing in it is worth a server that does not start."""
    file = tmp_path / "traces.sqlite"
    file.write_bytes(content)
    store = TraceStore(file, ALL, ALL)
    store.add([span(1, 1)])
    assert ids(store, 1)


def test_what_was_not_written_is_not_counted(tmp_path: Path) -> None:
    """Where the disk takes no more, the request fails as a whole, and the counts stay true."""
    file = tmp_path / "traces.sqlite"
    store = TraceStore(file, ALL, ALL)
    store.add([span(1, 1)])
    kept = (store.traces, store.spans, store.bytes)
    other = sqlite3.connect(file, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.Error):
        store.add([span(2, 1)])
    other.rollback()
    other.close()
    assert (store.traces, store.spans, store.bytes) == kept


def read(_: bytes) -> tuple[list[Span], int]:
    """Return a span and a bad one, whatever the body is."""
    return [span(1, 1)], 1


async def test_more_than_it_can_take_is_refused() -> None:
    """While the thread is busy a bounded number of requests wait; the next one is told to come again."""
    keeper = Keeper(None, ALL, ALL)
    release = threading.Event()

    def slow(_: bytes) -> tuple[list[Span], int]:
        release.wait(10)
        return [], 0

    waiting = [asyncio.create_task(keeper.take(slow, b"")) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await keeper.take(slow, b"")
    release.set()
    assert await asyncio.gather(*waiting) == [(0, 0)] * MOST_WAITING
    keeper.close()


async def test_the_keeper_works_beside_the_event_loop(tmp_path: Path) -> None:
    """The file is made when the first span comes, and what is taken can be asked for."""
    file = tmp_path / "traces.sqlite"
    keeper = Keeper(file, ALL, ALL)
    assert keeper.store is None
    assert await keeper.take(read, b"") == (1, 1)
    assert len(await keeper.spans(f"{1:032x}")) == 1
    keeper.close()
    assert ids(TraceStore(file, ALL, ALL), 1)


async def test_an_unusable_file_is_replaced_by_a_temporary_one(tmp_path: Path) -> None:
    """A folder that is not there costs the memory of the last run, nothing else."""
    keeper = Keeper(tmp_path / "missing" / "traces.sqlite", ALL, ALL)
    assert await keeper.take(read, b"") == (1, 1)
    keeper.close()
