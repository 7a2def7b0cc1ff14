"""The check of instrumentation: the student's file runs as a process, and its metrics are looked at."""

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rabbit_chatter.exercises.manifest import CodeCheck
from rabbit_chatter.exercises.sandbox import Limits, run
from rabbit_chatter.exercises.student import Unreadable, read_text
from rabbit_chatter.exercises.verdict import Finding

_HARNESS = Path(__file__).with_name("harness.py")
_LIMITS = Limits(seconds=5, memory=2 * 1024**3, output=4 * 1024**2)
_MESSAGES = 3000
_DIALECTS = ("echo", "eliza", "gibberish")
_MOST_SERIES = 60
_MOST_BUCKETS = 16
_OBJECTIVE = 1.0  # seconds: 99 % of messages within one
_OFF = 0.2  # how far a quantile may be off

Family = dict[str, Any]


def check_code(answer: Path, check: CodeCheck, folder: Path) -> list[Finding]:
    """Return what is said of the program in ``answer``; see :func:`check_alert`."""
    source = read_text(answer)
    (folder / "answer.py").write_text(source, "utf-8")
    calls, judge = _STORIES[check.story]
    (folder / "calls.json").write_text(json.dumps(calls()), "utf-8")
    ended = run(
        [sys.executable, "-I", _HARNESS, folder / "answer.py", folder / "calls.json"], folder, _LIMITS
    )
    try:
        families: list[Family] = json.loads(ended.output.rpartition("METRICS ")[2])
    except ValueError:
        last = [line for line in ended.output.splitlines() if line.strip()][-1:] or ["it printed nothing"]
        raise Unreadable(f"{answer.name} does not run: {last[0][:300]}") from None
    return list(judge([family for family in families if family["name"].startswith("chatter_")]))


def waits() -> list[float]:
    """Return how long messages waited, in seconds: most some milliseconds, some a second, few very long."""
    rng = random.Random(7)  # noqa: S311 - measurements, no secret
    return [round(min(30.0, rng.lognormvariate(-3.2, 1.25)), 5) for _ in range(_MESSAGES)]


def _unit_calls() -> dict[str, Any]:
    return {"function": "observe_wait", "arguments": [[20.0], [150.0], [900.0], [4000.0]]}


def _unit(families: list[Family]) -> Iterator[Finding]:
    histograms = [family for family in families if family["type"] == "histogram"]
    if not histograms:
        yield Finding(good=False, text="there is no histogram chatter_… any more")
        return
    family = histograms[0]
    name = family["name"]
    yield Finding(
        name.endswith("_seconds"),
        f"{name} has its unit in its name, a base unit"
        if name.endswith("_seconds")
        else f"{name} should end with its unit, in base units: _seconds",
    )
    total = _value(family, "_sum")
    right = abs(total - 5.07) < 0.001
    yield Finding(
        right,
        f"four waits of 5.07 s together add up to {total:g}" + ("" if right else "; the unit is wrong"),
        3,
    )
    slow = (
        _value(family, "_bucket", le="1.0")
        if any(s["labels"].get("le") == "1.0" for s in family["samples"])
        else None
    )
    yield Finding(
        slow == 3,
        "three of four are within the second of the objective"
        if slow == 3
        else 'the bucket le="1.0" should count three of the four waits: 20, 150 and 900 ms',
    )


def _labels_calls() -> dict[str, Any]:
    rng = random.Random(3)  # noqa: S311 - messages, no secrets
    messages = [
        {
            "id": f"{rng.getrandbits(64):016x}",
            "dialect": rng.choice(_DIALECTS),
            "kind": rng.choice(("dm", "tweet")),
            "sender": f"bot{rng.randrange(400)}",
        }
        for _ in range(_MESSAGES)
    ]
    return {"function": "count_message", "arguments": [[message] for message in messages]}


def _labels(families: list[Family]) -> Iterator[Finding]:
    counters = [family for family in families if family["type"] == "counter"]
    if not counters:
        yield Finding(good=False, text="there is no counter chatter_… any more")
        return
    samples = [s for s in counters[0]["samples"] if s["name"].endswith("_total")]
    yield Finding(
        len(samples) <= _MOST_SERIES,
        f"{_MESSAGES} messages of 400 bots made {len(samples)} series"
        + (
            ""
            if len(samples) <= _MOST_SERIES
            else f" (at most {_MOST_SERIES}): a label has a value per message or bot"
        ),
        3,
    )
    total = sum(s["value"] for s in samples)
    yield Finding(
        total == _MESSAGES,
        f"all {_MESSAGES} messages are counted"
        if total == _MESSAGES
        else f"{total:g} of {_MESSAGES} messages are counted",
    )
    for label in ("dialect", "kind"):
        kept = all(label in s["labels"] for s in samples)
        yield Finding(
            kept,
            f"one can still tell messages apart by {label}"
            if kept
            else f"the label {label} is gone, though it has few values",
        )


def _buckets_calls() -> dict[str, Any]:
    return {"function": "observe_wait", "arguments": [[wait] for wait in waits()]}


def _buckets(families: list[Family]) -> Iterator[Finding]:
    histograms = [family for family in families if family["type"] == "histogram"]
    if not histograms:
        yield Finding(good=False, text="there is no histogram chatter_… any more")
        return
    buckets = sorted(
        (float(s["labels"]["le"]), s["value"])
        for s in histograms[0]["samples"]
        if s["name"].endswith("_bucket")
    )
    count = len(buckets)
    yield Finding(
        count <= _MOST_BUCKETS,
        f"{count} buckets"
        + (
            ""
            if count <= _MOST_BUCKETS
            else f": each is a series for each process and dialect; {_MOST_BUCKETS} are enough"
        ),
    )
    exact = any(bound == _OBJECTIVE for bound, _ in buckets)
    yield Finding(
        exact,
        "the objective, 1 s, is a bucket's bound"
        if exact
        else "no bucket ends at 1 s, so nobody can count what missed the objective",
        2,
    )
    ordered = sorted(waits())
    for share in (0.5, 0.95, 0.99):
        true = ordered[int(share * len(ordered))]
        told = quantile(share, buckets)
        good = abs(told - true) <= _OFF * true
        yield Finding(
            good,
            f"the {share:.0%} quantile reads {told:.3f} s and is {true:.3f} s"
            + ("" if good else f": more than {_OFF:.0%} off"),
        )


def quantile(share: float, buckets: list[tuple[float, float]]) -> float:
    """Return what ``histogram_quantile`` would: linear between bounds, the last bound beyond it.

    See https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile.

    Args:
        share: between 0 and 1.
        buckets: upper bound and cumulative count, ending with infinity.
    """
    rank = share * buckets[-1][1]
    below, under = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if bound == float("inf"):
                return below
            return below + (bound - below) * (rank - under) / max(count - under, 1e-9)
        below, under = bound, count
    return below


def _value(family: Family, ending: str, **labels: str) -> float:
    return sum(
        float(sample["value"])
        for sample in family["samples"]
        if sample["name"].endswith(ending) and labels.items() <= sample["labels"].items()
    )


_Story = tuple[Callable[[], dict[str, Any]], Callable[[list[Family]], Iterator[Finding]]]
_STORIES: dict[str, _Story] = {
    "unit": (_unit_calls, _unit),
    "labels": (_labels_calls, _labels),
    "buckets": (_buckets_calls, _buckets),
}
