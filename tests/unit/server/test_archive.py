import json
import random
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from rabbit_chatter.broker import Entry
from rabbit_chatter.errors import BadMessageError
from rabbit_chatter.messages import Kind, Message
from rabbit_chatter.server import answers, models
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.feed import Wanted
from rabbit_chatter.server.index import State
from rabbit_chatter.server.line import iso
from rabbit_chatter.server.metrics import ServerMetrics

NEW_YEAR = 1_767_225_600_000_000_000  # 2026-01-01, in nanoseconds


def dm(offset: int, sender: str, to: str, talk: str, *, last: bool = False) -> Entry:
    """Return a direct message, sent as many milliseconds into 2026 as its offset."""
    sent = NEW_YEAR + offset * 1_000_000
    said = Message(f"id{offset}", Kind.DM, sender, f"line {offset}", to, talk, offset, last, "echo", sent)
    return Entry(offset, said, f"{offset:032x}", sampled=True)


def tweet(offset: int, sender: str, text: str = "hello") -> Entry:
    """Return a tweet of nobody knows when."""
    return Entry(offset, Message(f"id{offset}", Kind.TWEET, sender, text))


def filled(*entries: Entry, max_lines: int = 100, max_bytes: int = 1_000_000) -> Archive:
    """Return an archive that has taken ``entries``."""
    archive = Archive(max_lines, max_bytes)
    for entry in entries:
        archive.take(entry)
    return archive


def timeline(
    archive: Archive, wanted: Wanted | None = None, limit: int = 1000, before: int | None = None
) -> Any:  # noqa: ANN401 - it is JSON
    """Return the timeline as a client reads it."""
    return json.loads(answers.timeline(archive, wanted or Wanted(), limit, before))


def offsets(answer: Any) -> list[int]:  # noqa: ANN401 - it is JSON
    """Return the offsets of an answer's messages."""
    return [message["offset"] for message in answer["messages"]]


def everything(archive: Archive) -> tuple[Any, ...]:
    """Return all that can be asked of an archive."""
    index = archive.index
    return (
        timeline(archive),
        json.loads(answers.conversations(archive, None, None, 0, 10_000)),
        {id_: json.loads(answers.transcript(talk, 0, 10_000)) for id_, talk in index.conversations.items()},
        {name: json.loads(answers.profile(bot)) for name, bot in index.bots.items()},
        {state: index.states[state] for state in State},
    )


def chatter(count: int, seed: int = 1) -> list[Entry]:
    """Return talk of a few bots, with gaps in the offsets and some messages twice."""
    rng = random.Random(seed)  # noqa: S311 - talk, not secrets
    offset, entries = 0, list[Entry]()
    for _ in range(count):
        offset += rng.choice((1, 1, 1, 2))
        sender, to = rng.sample(("alice", "bobby", "carol", "daisy"), 2)
        if entries and rng.random() < 0.1:
            entries.append(Entry(offset, rng.choice(entries[-5:]).message))
        elif rng.random() < 0.3:
            entries.append(tweet(offset, sender))
        else:
            talk = f"talk{rng.randrange(8)}"
            entries.append(dm(offset, sender, to, talk, last=rng.random() < 0.2))
    return entries


def test_the_timeline_is_newest_first_and_can_be_read_on() -> None:
    """Pages joined by ``before`` are the whole timeline, without a gap or a repetition."""
    archive = filled(*(tweet(offset, "alice") for offset in range(0, 50, 2)))
    seen, before = list[int](), None
    while True:
        page = timeline(archive, limit=7, before=before)
        seen += offsets(page)
        if (before := page["before"]) is None:
            break
    assert seen == list(range(48, -1, -2))


def test_the_timeline_is_filtered_by_kind_and_bot() -> None:
    """A bot's timeline has what it said and what was said to it."""
    archive = filled(
        tweet(0, "alice"), dm(1, "alice", "bobby", "t"), dm(2, "carol", "alice", "u"), tweet(3, "carol")
    )
    assert offsets(timeline(archive, Wanted(kind=Kind.TWEET))) == [3, 0]
    assert offsets(timeline(archive, Wanted(bot="alice"))) == [2, 1, 0]
    assert offsets(timeline(archive, Wanted(bot="carol", kind=Kind.DM))) == [2]


def test_a_message_goes_out_as_the_api_promises() -> None:
    """Every field of the documented model is there, and no other."""
    archive = filled(dm(7, "alice", "bobby", "talk"))
    (message,) = timeline(archive)["messages"]
    assert set(message) == {field.alias or name for name, field in models.Said.model_fields.items()}
    models.Timeline.model_validate(timeline(archive))
    assert message["from"] == "alice"
    assert message["sent"] == "2026-01-01T00:00:00.007Z"
    assert message["trace_id"] == f"{7:032x}"


def test_other_answers_go_out_as_the_api_promises() -> None:
    """Conversations, transcripts and profiles fit their documented models."""
    archive = filled(*chatter(200))
    models.Conversations.model_validate_json(answers.conversations(archive, None, None, 0, 100))
    for talk in archive.index.conversations.values():
        models.Transcript.model_validate_json(answers.transcript(talk, 0, 100))
    for bot in archive.index.bots.values():
        models.Bot.model_validate_json(answers.profile(bot))


def test_a_conversation_ends_with_its_last_word() -> None:
    """State, turns, participants and times come from the conversation's lines."""
    archive = filled(dm(1, "alice", "bobby", "t"), dm(2, "bobby", "alice", "t"), dm(3, "alice", "bobby", "u"))
    assert archive.index.states == {State.OPEN: 2}
    archive.take(dm(4, "alice", "bobby", "t", last=True))
    ended = json.loads(answers.conversations(archive, State.ENDED, None, 0, 10))
    assert ended["total"] == 1
    (talk,) = ended["conversations"]
    assert (talk["id"], talk["turns"], talk["participants"]) == ("t", 3, ["alice", "bobby"])
    assert (talk["started"], talk["latest"]) == (iso(NEW_YEAR + 1_000_000), iso(NEW_YEAR + 4_000_000))
    assert talk["trace_id"] == f"{1:032x}"
    assert offsets(json.loads(answers.transcript(archive.index.conversations["t"], 0, 10))) == [1, 2, 4]


def test_a_message_published_twice_is_kept_once() -> None:
    """A lost confirm makes the publisher send again under the same id."""
    archive = filled(tweet(1, "alice"))
    assert not archive.take(Entry(2, tweet(1, "alice").message))
    assert offsets(timeline(archive)) == [1]
    assert archive.offset == 2


@pytest.mark.parametrize("seed", range(5))
def test_the_archive_is_a_function_of_the_lines_it_keeps(seed: int) -> None:
    """Whoever reads from the start, and whoever reads the end alone, know the same."""
    entries = chatter(500, seed)
    old, new = filled(*entries, max_lines=60), filled(*entries[-200:], max_lines=60)
    assert everything(old) == everything(new)
    assert len(timeline(old)["messages"]) == 60


def test_what_leaves_the_ring_leaves_everywhere() -> None:
    """Memory is bounded by the number of lines, whoever says them in whatever conversation."""
    archive = filled(*(dm(n, f"bot{n}", f"bot{n + 1}", f"talk{n}") for n in range(1000)), max_lines=10)
    assert len(archive.index.bots) == len(archive.index.conversations) == len(archive.ring) == 10
    assert archive.index.states[State.OPEN] == 10


def test_memory_is_bounded_in_bytes_too() -> None:
    """Long texts push more lines out; one that is longer than all is still kept."""
    archive = filled(*(tweet(n, "alice", "x" * 1000) for n in range(100)), max_bytes=10_000)
    assert archive.ring.bytes <= 10_000
    assert 5 < len(archive.ring) < 10
    archive.take(tweet(100, "alice", "x" * 20_000))
    assert offsets(timeline(archive)) == [100]


def test_a_control_message_is_no_talk() -> None:
    """The archive refuses what nobody says in a chat."""
    with pytest.raises(BadMessageError, match="unknown-type"):
        Archive(10, 1000).take(Entry(0, Message("id0", Kind.CONTROL, "alice", "")))


def test_another_stream_begins_a_new_archive() -> None:
    """After ``forget`` the same offsets and ids are new again."""
    archive = filled(tweet(0, "alice"), tweet(1, "bobby"))
    archive.forget()
    assert offsets(timeline(archive)) == []
    assert archive.take(tweet(0, "alice"))
    assert everything(archive) == everything(filled(tweet(0, "alice")))


def test_metrics_show_what_is_kept() -> None:
    """Gauges are read from the archive when Prometheus asks; reasons exist from the start."""
    registry = CollectorRegistry()
    metrics = ServerMetrics(registry)
    archive = Archive(100, 10_000, on_skip=metrics.skip)
    metrics.watch(archive)
    archive.take(dm(5, "alice", "bobby", "t", last=True))
    archive.skip(6, BadMessageError("not-json", "no"))
    assert registry.get_sample_value("chatter_archive_messages") == 1
    assert registry.get_sample_value("chatter_archive_offset") == 6
    assert registry.get_sample_value("chatter_conversations", {"state": "ended"}) == 1
    assert registry.get_sample_value("chatter_archive_skipped_total", {"reason": "not-json"}) == 1
    assert registry.get_sample_value("chatter_archive_skipped_total", {"reason": "too-large"}) == 0
