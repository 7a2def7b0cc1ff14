"""Traces to read: real conversations, recorded once, in which one thing per student goes wrong.

Who talks, which turn is hit and how badly follows from the student's seed; all else is as it was recorded.
"""

import json
import lzma
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from rabbit_chatter.errors import RecordingError
from rabbit_chatter.exercises.manifest import Exercise, FactsCheck, home
from rabbit_chatter.exercises.spans import Span, as_otlp, as_text
from rabbit_chatter.names import bot_names

CONVERSATIONS = "recordings/conversations.json.xz"
_SECOND = 1_000_000  # spans are measured in microseconds
_TURNS = range(3, 9)  # neither the first nor the last ones


@dataclass(frozen=True)
class Story:
    """A conversation in which something went wrong, and what there is to be found out about it."""

    spans: list[Span]
    facts: Mapping[str, str | float]


def story_of(check: FactsCheck, seed: int) -> Story:
    """Return the story of a student.

    Raises:
        RecordingError: the recorded conversations are missing or damaged.
    """
    rng = random.Random(f"{check.story} {seed}")  # noqa: S311 - an exercise, no secret
    spans = _renamed(list(rng.choice(_conversations())), rng)
    return _STORIES[check.story](spans, rng)


def write_trace(exercise: Exercise, seed: int, folder: Path) -> None:
    """Write a trace exercise's trace: as text, and as OTLP that Jaeger and the page take."""
    if not isinstance(exercise.check, FactsCheck):
        return
    story = story_of(exercise.check, seed)
    stem = Path(exercise.file).stem
    (folder / f"{stem}.trace.txt").write_text(as_text(story.spans), "utf-8")
    (folder / f"{stem}.trace.json").write_text(
        json.dumps(as_otlp(story.spans, seed, time.time_ns())), "utf-8"
    )


def _slow(spans: list[Span], rng: random.Random) -> Story:
    """One dialect takes seconds for its words, at one turn; everything after it comes later."""
    target = _of_turn(spans, "compose", rng)
    lost = rng.randrange(2_500, 6_500) * 1000
    moment = spans[target].start + spans[target].length
    around = _ancestors(spans, target)
    made = [
        replace_span(s, length=s.length + lost)
        if index == target
        or (index in around and s.start + s.length >= moment and s.name.startswith("process"))
        else replace_span(s, start=s.start + lost if s.start >= moment else s.start)
        for index, s in enumerate(spans)
    ]
    return Story(
        made, {"bot": spans[target].instance, "span": "compose", "seconds": made[target].length / _SECOND}
    )


def _lost(spans: list[Span], rng: random.Random) -> Story:
    """One message loses its traceparent: what its reader does begins a trace of its own."""
    wait = _of_turn(spans, "queue wait dm", rng)
    process = next(i for i, s in enumerate(spans) if s.parent == wait)
    sender = spans[spans[wait].parent or 0].instance
    below = {process}
    for index, span in enumerate(spans):
        if span.parent in below:
            below.add(index)
    made = [
        replace_span(
            s,
            trace=1 if i in below else 0,
            parent=None if i == process else s.parent,
            links=[] if i == process else s.links,
        )
        for i, s in enumerate(spans)
    ]
    return Story(
        made, {"sent_by": sender, "begins_again_at": spans[process].instance, "last_good_span": "publish dm"}
    )


def _redelivered(spans: list[Span], rng: random.Random) -> Story:
    """One message is delivered, its reader's connection dies, and it is delivered again."""
    wait = _of_turn(spans, "queue wait dm", rng)
    process = next(i for i, s in enumerate(spans) if s.parent == wait)
    later = rng.randrange(1_200, 4_800) * 1000
    first = replace_span(
        spans[process],
        length=rng.randrange(20, 300) * 1000,
        attributes={**spans[process].attributes, "error.type": "ConnectionError"},
    )
    moment = spans[process].start
    made = [
        replace_span(s, start=s.start + later, attributes={**s.attributes, "chatter.redelivered": True})
        if i == process
        else replace_span(s, start=s.start + later if s.start > moment and not _is_archive(s) else s.start)
        for i, s in enumerate(spans)
    ]
    facts: dict[str, str | float] = {
        "bot": first.instance,
        "message": str(first.attributes["messaging.message.id"]),
        "seconds": later / _SECOND,
    }
    return Story([*made, first], facts)


def _linked(spans: list[Span], rng: random.Random) -> Story:
    """Every message is a trace of its own, linked to what caused it; the question is who began."""
    traces = 0
    made: list[Span] = []
    for span in spans:
        cut = span.name.startswith("publish dm") and span.parent is not None
        traces += cut
        before = made[span.parent].trace if span.parent is not None else 0
        made.append(
            replace_span(span, trace=traces, parent=None, links=[span.parent])
            if cut and span.parent is not None
            else replace_span(span, trace=before)
        )
    last = rng.randrange(4, traces)
    root = next(i for i, s in enumerate(made) if s.trace == last)
    asked = replace_span(made[root], attributes={**made[root].attributes, "exercise.start_here": True})
    made[root] = asked
    return Story(
        made,
        {
            "began": made[0].instance,
            "said_before": asked_for(made, root),
            "links_to_the_beginning": float(last),
        },
    )


def asked_for(spans: list[Span], root: int) -> str:
    """Return the bot whose message caused the one that ``root`` publishes."""
    process = spans[spans[root].links[0]]
    return next(s.instance for s in spans if s.trace == process.trace and s.name.startswith("publish dm"))


def replace_span(span: Span, **changes: Any) -> Span:  # noqa: ANN401 - whatever a span has
    """Return ``span`` with changes."""
    return msgspec.structs.replace(span, **changes)


def _of_turn(spans: list[Span], name: str, rng: random.Random) -> int:
    """Return a span of this name between bots, at a turn in the middle of the conversation."""
    between = [i for i, s in enumerate(spans) if s.name == name and not _is_archive(s)]
    return between[rng.choice(_TURNS)]


def _is_archive(span: Span) -> bool:
    return span.instance == "server"


def _ancestors(spans: list[Span], index: int) -> set[int]:
    found: set[int] = set()
    parent = spans[index].parent
    while parent is not None:
        found.add(parent)
        parent = spans[parent].parent
    return found


def _renamed(spans: list[Span], rng: random.Random) -> list[Span]:
    """Return the conversation between two other bots."""
    talking = sorted({s.instance for s in spans if s.service.startswith("bot-")})
    names = dict(zip(talking, bot_names(rng), strict=False))

    def other(value: Any) -> Any:  # noqa: ANN401 - an attribute
        for old, new in names.items() if isinstance(value, str) else ():
            value = value.replace(old, new)
        return value

    return [
        replace_span(
            s,
            instance=names.get(s.instance, s.instance),
            attributes={k: other(v) for k, v in s.attributes.items()},
        )
        for s in spans
    ]


@lru_cache(maxsize=1)
def _conversations() -> list[list[Span]]:
    path = home() / CONVERSATIONS
    try:
        return msgspec.json.decode(lzma.decompress(path.read_bytes()), type=list[list[Span]])
    except (OSError, EOFError, lzma.LZMAError, msgspec.MsgspecError) as error:
        raise RecordingError(
            f"{path} cannot be read ({error}): restore it with `git checkout exercises`"
        ) from error


_STORIES: dict[str, Callable[[list[Span], random.Random], Story]] = {
    "slow": _slow,
    "lost": _lost,
    "redelivered": _redelivered,
    "linked": _linked,
}
