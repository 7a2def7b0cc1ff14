"""The check of an alert rule: replayed over what must wake somebody, and over all that must not."""

from dataclasses import dataclass
from pathlib import Path

from rabbit_chatter.exercises.behaviour import in_an_incident, in_peace
from rabbit_chatter.exercises.expressions import nearest
from rabbit_chatter.exercises.manifest import AlertCheck
from rabbit_chatter.exercises.replay import Place, Run, replay
from rabbit_chatter.exercises.rulefile import RuleFile, read_rules
from rabbit_chatter.exercises.sandbox import Limits
from rabbit_chatter.exercises.student import Unreadable
from rabbit_chatter.exercises.verdict import Finding, Timeline
from rabbit_chatter.exercises.wording import of_the_cost, of_the_text, of_the_words
from rabbit_chatter.recordings.library import Library
from rabbit_chatter.recordings.recording import Recording

_SECONDS = 10.0  # for one answer; it needs about one


@dataclass(frozen=True)
class Judged:
    """What is said of one answer, and the pictures."""

    findings: list[Finding]
    timelines: list[Timeline]


@dataclass(frozen=True)
class Bench:
    """What rules are tried on.

    Attributes:
        fires: the incidents in which they must fire; ``lookalikes``: those in which they must not.
        peaceful: healthy times and decoys.
        folder: an empty one, for what promtool reads.
    """

    check: AlertCheck
    fires: list[Recording]
    lookalikes: list[Recording]
    peaceful: list[Recording]
    folder: Path

    @classmethod
    def of(cls, check: AlertCheck, library: Library, folder: Path) -> "Bench":
        """Return the bench for a check, with the recordings of a library."""
        peaceful = [r for r in library.all() if r.about.kind != "incident"]
        return cls(check, library.some(check.fires), library.some(check.quiet), peaceful, folder)

    @property
    def recordings(self) -> list[Recording]:
        """All of them; those in which rules must fire come first."""
        return [*self.fires, *self.lookalikes, *self.peaceful]


def check_alert(answer: Path, bench: Bench) -> Judged:
    """Return what is said of the rule in ``answer``.

    Raises:
        Unreadable: the file cannot be judged.
        ToolError: promtool is missing, or takes too long.
        RecordingError: a recording is missing or damaged.
    """
    result = check_alerts([answer], bench)[0]
    if isinstance(result, Unreadable):
        raise result
    return result


def check_alerts(answers: list[Path], bench: Bench) -> list[Judged | Unreadable]:
    """Return what is said of each answer; replayed together, their alerts need different names."""
    read: list[RuleFile | Unreadable] = [
        _read(answer, number, bench) for number, answer in enumerate(answers)
    ]
    rules = [one for one in read if isinstance(one, RuleFile)]
    place = Place(bench.folder, tuple(one.copy for one in rules))
    wanted = None if any(one.any_metric for one in rules) else set().union(*(one.metrics for one in rules))
    limits = Limits(seconds=_SECONDS * len(rules))
    try:
        runs = replay(place, wanted, bench.recordings, limits) if rules else []
    except Unreadable as error:
        if len(rules) == 1:
            return [error if isinstance(one, RuleFile) else one for one in read]
        return [check_alerts([answer], bench)[0] for answer in answers]
    return [_judge(one, bench, runs) if isinstance(one, RuleFile) else one for one in read]


def _read(answer: Path, number: int, bench: Bench) -> RuleFile | Unreadable:
    try:
        rules = read_rules(answer, bench.folder / f"rules-{number:02d}.yml")
        _check_metrics(rules, bench.recordings)
    except Unreadable as error:
        return error
    return rules


def _judge(rules: RuleFile, bench: Bench, everything: list[Run]) -> Judged:
    runs = [run.of(rules.names) for run in everything]
    first, second = len(bench.fires), len(bench.fires) + len(bench.lookalikes)
    findings = [
        *(finding for run in runs[:first] for finding in in_an_incident(run, bench.check)),
        *(in_peace(run) for run in runs[second:]),
        *(in_peace(run, lookalike=True) for run in runs[first:second]),
        *of_the_text(rules, bench.check),
        *of_the_words(rules, bench.check, runs[:first], bench.folder),
        of_the_cost(rules, bench.recordings),
    ]
    return Judged(findings, [run.timeline(expected=index < first) for index, run in enumerate(runs)])


def _check_metrics(rules: RuleFile, recordings: list[Recording]) -> None:
    """Refuse a name that no recording has: promtool would take it for a series that is just not there."""
    known = set().union(*(recording.metrics.keys() for recording in recordings)) | {
        "ALERTS",
        "ALERTS_FOR_STATE",
    }
    for name in sorted(rules.metrics - known):
        meant = nearest(name, known | rules.recorded)
        line = next((n for n, text in enumerate(rules.text.splitlines(), 1) if name in text), 0)
        guess = f"; did you mean {meant}?" if meant else ""
        raise Unreadable(f"{rules.path.name}, line {line}: there is no metric {name}{guess}")
