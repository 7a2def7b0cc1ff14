"""Rules meet recordings: promtool replays what Prometheus saw, and says at each step which alerts there are.

Each recording becomes a promtool test whose ``input_series`` are the recorded ones, pruned to the metrics
that are asked for. At every step it asks for ``ALERTS``, the series that Prometheus itself keeps of every
alert that is pending or firing, and expects none; so promtool prints those that there are. ``for``,
``keep_firing_for`` and recording rules thus behave exactly as in Prometheus. promtool's time begins at 0, and
so does a recording's.
"""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rabbit_chatter.exercises.disguise import Disguise
from rabbit_chatter.exercises.plainly import plainly
from rabbit_chatter.exercises.promtool import Answer, answers, ask, rule_errors, run_tests_of
from rabbit_chatter.exercises.sandbox import Limits
from rabbit_chatter.exercises.student import Unreadable
from rabbit_chatter.exercises.verdict import Timeline
from rabbit_chatter.recordings.recording import Recording, selector

_CORES = 2
_ALERTS = "ALERTS"


@dataclass(frozen=True)
class Alert:
    """An alert at one moment: what it is called, whose it is, and whether it fires or is pending."""

    name: str
    firing: bool
    labels: dict[str, str]


@dataclass(frozen=True)
class Run:
    """What the rules did in one recording: the alerts at each step, by seconds, whom it hit, and its case."""

    recording: Recording
    steps: dict[int, list[Alert]]
    victims: dict[str, list[str]] = field(default_factory=dict)
    number: int = 0

    def of(self, names: set[str]) -> "Run":
        """Return what the alerts with these names did."""
        chosen = {at: [alert for alert in alerts if alert.name in names] for at, alerts in self.steps.items()}
        return replace(self, steps=chosen)

    def timeline(self, *, expected: bool) -> Timeline:
        """Return how many alerts fired and were pending at each step."""
        about = self.recording.about
        times = range(0, about.end + 1, about.interval)
        here = [self.steps.get(at, []) for at in times]
        return Timeline(
            about.name,
            about.title,
            expected,
            about.interval,
            [sum(alert.firing for alert in alerts) for alerts in here],
            [sum(not alert.firing for alert in alerts) for alerts in here],
            about.inject,
            about.clear,
        )


def replay(
    place: "Place",
    metrics: Iterable[str] | None,
    recordings: Sequence[Recording],
    limits: Limits | None = None,
) -> list[Run]:
    """Return what rules do in each recording, on two cores at a time.

    Args:
        place: the folder with the files of rules, and which they are; the tests are written beside them.
        metrics: which are needed, or ``None`` for all.
        recordings: what is replayed.
        limits: for each of the two runs of promtool.

    Raises:
        Unreadable: a rule cannot be evaluated, or there are so many alerts that nobody could read them.
        ToolError: promtool is missing, or takes too long.
    """
    cases = [
        (one, [ask(case, _ALERTS, at) for at in range(0, one.about.end + 1, one.about.interval)])
        for case, one in enumerate(recordings)
    ]
    found = run_tests(place, metrics, cases, limits)
    runs = [
        Run(recording, {}, _victims(recording, place.disguise), index)
        for index, recording in enumerate(recordings)
    ]
    for answer in found:
        runs[answer.case].steps[round(answer.at)] = [
            Alert(
                sample.labels.pop("alertname", ""),
                sample.labels.pop("alertstate", "") == "firing",
                sample.labels,
            )
            for sample in answer.samples
        ]
    return runs


@dataclass(frozen=True)
class Place:
    """Where tests are written: a folder, the files of rules in it, and who hides the bots."""

    folder: Path
    rules: tuple[str, ...] = ()
    disguise: Disguise = field(default_factory=Disguise)


def run_tests(
    place: Place,
    metrics: Iterable[str] | None,
    cases: Sequence[tuple[Recording, list[dict[str, Any]]]],
    limits: Limits | None = None,
) -> list[Answer]:
    """Ask questions of recordings; return the answers that are not empty, with the number of their case."""
    wanted = None if metrics is None else set(metrics)
    sizes: list[tuple[int, Path]] = []
    for index, (recording, questions) in enumerate(cases):
        file = place.folder / f"case-{index:03d}.yml"
        sizes.append((_write(file, place, recording, wanted, questions), file))
    outputs = [ended.output for ended in _on_all_cores(sizes, place.folder, limits or Limits())]
    if errors := [error for output in outputs for error in rule_errors(output)]:
        meaning = plainly(errors[0]) or "it cannot be computed"
        raise Unreadable(f"{meaning}. promtool says: {errors[0]}")
    return [answer for output in outputs for answer in answers(output)]


def _victims(recording: Recording, disguise: Disguise) -> dict[str, list[str]]:
    return {
        label: [disguise.queue(value) if label == "queue" else value for value in values]
        for label, values in recording.about.victims.items()
    }


def _on_all_cores(sizes: list[tuple[int, Path]], folder: Path, limits: Limits) -> list[Any]:
    """Share the tests out so that both cores have about as much to do, the largest first."""
    shares: list[list[Path]] = [[] for _ in range(_CORES)]
    loads = [0] * _CORES
    for size, file in sorted(sizes, reverse=True, key=lambda pair: pair[0]):
        least = loads.index(min(loads))
        shares[least].append(file)
        loads[least] += size
    with ThreadPoolExecutor(_CORES, thread_name_prefix="promtool") as pool:
        ended = list(pool.map(lambda files: run_tests_of(files, folder, limits), filter(None, shares)))
    for one in ended:
        if len(one.output) >= limits.output or "file too large" in one.output:
            raise Unreadable(
                "so many alerts fire that nobody could read them: sum over what belongs together, "
                "for instance `sum by (queue) (…)`"
            )
        if one.code not in (0, 1) or "out of memory" in one.output:
            raise Unreadable(f"promtool could not compute it: {one.output.strip()[-300:]}")
    return ended


def _write(
    file: Path, place: Place, recording: Recording, metrics: set[str] | None, questions: list[dict[str, Any]]
) -> int:
    """Write a test as JSON, which is YAML; return how much work it is."""
    series = [
        {"series": selector(one.metric, place.disguise.labels(one.labels)), "values": one.values}
        for one in recording.series(metrics)
    ]
    interval = f"{recording.about.interval}s"
    content = {
        "rule_files": list(place.rules),
        "evaluation_interval": interval,
        "tests": [{"interval": interval, "input_series": series, "promql_expr_test": questions}],
    }
    file.write_text(json.dumps(content), "utf-8")
    return (len(series) + 20) * recording.about.samples
