import lzma
from pathlib import Path

import pytest

from rabbit_chatter.errors import RecordingError
from rabbit_chatter.exercises.manifest import home
from rabbit_chatter.recordings.library import Library
from rabbit_chatter.recordings.recording import About, Recording, Series, is_time, selector

RECORDINGS = home() / "recordings"
ABOUT = About(
    name="small",
    title="Two samples.",
    kind="decoy",
    interval=5,
    samples=2,
    recorded="2026-11-25T12:00:00+00:00",
    start=1.7e9,
    bots=2,
    tempo=1,
    versions={"rabbitmq": "3.10.8"},
)
NAMES = Library(RECORDINGS).names()


def small(folder: Path) -> Path:
    """Return the file of a recording of two series."""
    path = folder / "small.jsonl.xz"
    series = [Series("up", {"job": 'a "b"\\'}, "1+0x1"), Series("depth", {"queue": "ä"}, "0 7")]
    Recording.of(ABOUT, series).write(path)
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """A recording keeps what it is of, and its series with every character of their labels."""
    recording = Library(small(tmp_path).parent).get("small")
    assert recording.about == ABOUT
    assert [selector(s.metric, s.labels) for s in recording.series()] == [
        'depth{queue="\\u00e4"}',
        'up{job="a \\"b\\"\\\\"}',
    ]
    assert [s.values for s in recording.series(["up", "other"])] == ["1+0x1"]


@pytest.mark.parametrize("damage", ["cut", "text", "bomb", "format", "empty"])
def test_a_damaged_recording_is_an_error_that_says_what_to_do(tmp_path: Path, damage: str) -> None:
    """Cut short, no xz at all, a bomb of zeros, another format or nothing: one sentence each time."""
    path = small(tmp_path)
    whole = path.read_bytes()
    text = lzma.decompress(whole)
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "text": b"no xz",
            "bomb": lzma.compress(b"\0" * 100_000_000, preset=0),
            "format": lzma.compress(text.replace(b'"format":1', b'"format":2')),
            "empty": b"",
        }[damage]
    )
    with pytest.raises(RecordingError, match="restore it with `git checkout"):
        Recording.read(path)


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Whoever asks for a recording that nobody made learns its name."""
    with pytest.raises(RecordingError, match="'nothing'"):
        Library(tmp_path).get("nothing")


def test_times_are_told_from_other_numbers() -> None:
    """Only what is called a time and is one is moved to the start of the recording."""
    assert is_time("process_start_time_seconds", 1.7e9)
    assert is_time("rabbitmq_detailed_queue_head_message_timestamp", 1.7e9)
    assert not is_time("rabbitmq_detailed_queue_head_message_timestamp", 0)
    assert not is_time("rabbitmq_process_resident_memory_bytes", 1.7e9)


@pytest.mark.parametrize("name", NAMES)
def test_recordings_are_small_and_whole(name: str) -> None:
    """Each shipped recording has at most 150 kB, its own name, versions, and as many samples as it says."""
    path = RECORDINGS / f"{name}.jsonl.xz"
    recording = Recording.read(path)
    about = recording.about
    assert path.stat().st_size <= 150_000
    assert about.name == name
    assert {"rabbitmq", "prometheus"} <= about.versions.keys()
    assert (about.inject is None) == (about.kind == "healthy")
    assert about.end >= (590 if about.kind == "healthy" else about.clear or 0)
    assert {"up", "rabbitmq_queues", "chatter_bots"} <= recording.metrics.keys()


def test_all_recordings_together_are_small() -> None:
    """The recordings have at most 5 MB, so that a clone stays quick."""
    assert sum(path.stat().st_size for path in RECORDINGS.iterdir()) <= 5_000_000
