"""The check of a PromQL query: its values, on recordings, beside those of the solution."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from rabbit_chatter.exercises.expressions import metrics_of, names_by_pattern, nearest
from rabbit_chatter.exercises.manifest import QueryCheck
from rabbit_chatter.exercises.plainly import plainly
from rabbit_chatter.exercises.promtool import Answer, Sample, ask
from rabbit_chatter.exercises.replay import Place, run_tests
from rabbit_chatter.exercises.student import Unreadable, read_text
from rabbit_chatter.exercises.verdict import Finding, either
from rabbit_chatter.recordings.library import Library
from rabbit_chatter.recordings.recording import Recording

_MOMENTS = 9  # at which values are compared, spread over a recording
_LONGEST = 4000

Keyed = dict[tuple[str, ...], float]
ByMoment = dict[float, list[Sample]]


@dataclass(frozen=True)
class Desk:
    """On what queries are tried.

    Attributes:
        right: the query of the solution.
        folder: an empty one, for what promtool reads.
    """

    check: QueryCheck
    right: str
    recordings: list[Recording]
    folder: Path

    @classmethod
    def of(cls, check: QueryCheck, solution: Path, library: Library, folder: Path) -> "Desk":
        """Return the desk for a check, with the recordings of a library."""
        return cls(check, query_in(solution), library.some(check.recordings), folder)


def check_query(answer: Path, desk: Desk) -> list[Finding]:
    """Return what is said of the query in ``answer``; see :func:`check_alert`."""
    result = check_queries([answer], desk)[0]
    if isinstance(result, Unreadable):
        raise result
    return result


def check_queries(answers: list[Path], desk: Desk) -> list[list[Finding] | Unreadable]:
    """Return what is said of each answer; all are asked in one run."""
    read = [_read(answer, desk) for answer in answers]
    queries = {desk.right, *(one for one in read if isinstance(one, str))}
    by_pattern = any(map(names_by_pattern, queries))
    metrics = None if by_pattern else set().union(*map(metrics_of, queries))
    cases = [
        (recording, [ask(case, text, at) for at in _moments(recording) for text in sorted(queries)])
        for case, recording in enumerate(desk.recordings)
    ]
    found = run_tests(Place(desk.folder), metrics, cases)
    return [_judge(one, desk, found) if isinstance(one, str) else one for one in read]


def _read(answer: Path, desk: Desk) -> str | Unreadable:
    try:
        query = query_in(answer)
        _check_metrics(query, desk.recordings, answer.name)
    except Unreadable as error:
        return error
    return query


def _judge(query: str, desk: Desk, found: list[Answer]) -> list[Finding] | Unreadable:
    theirs = [answer for answer in found if answer.expression == query]
    if errors := [answer.error for answer in theirs if answer.error]:
        return Unreadable(_translated(errors[0]))
    ours = [answer for answer in found if answer.expression == desk.right]
    return [
        _compared(recording, desk.check, _of_case(theirs, case), _of_case(ours, case))
        for case, recording in enumerate(desk.recordings)
    ]


def _of_case(answers: list[Answer], case: int) -> ByMoment:
    return {answer.at: answer.samples for answer in answers if answer.case == case}


def query_in(path: Path) -> str:
    """Return the query in a file, in one line, without comments.

    Raises:
        Unreadable: there is none.
    """
    text = read_text(path)
    lines = [
        re.sub(r"""^((?:[^"'#]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)#.*$""", r"\1", line)
        for line in text.splitlines()
    ]
    query = " ".join(" ".join(lines).split())
    if not query:
        raise Unreadable(f"{path.name} has no query yet: write it below the lines that begin with #")
    if len(query) > _LONGEST:
        raise Unreadable(f"{path.name} has a query of {len(query)} characters; an answer is a few lines")
    return query


def _check_metrics(query: str, recordings: list[Recording], name: str) -> None:
    known = set().union(*(recording.metrics.keys() for recording in recordings))
    for metric in sorted(metrics_of(query) - known):
        meant = nearest(metric, known)
        guess = f"; did you mean {meant}?" if meant else ""
        raise Unreadable(f"{name}: there is no metric {metric}{guess}")


def _moments(recording: Recording) -> list[int]:
    """Return moments on the grid of scrapes, from the second minute to the end."""
    about = recording.about
    first = min(100, about.end // 2)
    step = max(about.interval, (about.end - first) // (_MOMENTS - 1) // about.interval * about.interval)
    return list(range(first, about.end + 1, step))


def _compared(recording: Recording, check: QueryCheck, theirs: ByMoment, ours: ByMoment) -> Finding:
    """Return how an answer does in one recording."""
    moments = _moments(recording)
    differences = (_difference(theirs.get(at, []), ours.get(at, []), at, check) for at in moments)
    problems = list(filter(None, differences))
    more = f" (and at {len(problems) - 1} other moments)" if problems[1:] else ""
    return either(
        not problems,
        f"right at {len(moments)} moments of “{recording.about.name}”",
        f"in “{recording.about.name}” {''.join(problems[:1])}{more}",
    )


def _difference(theirs: list[Sample], ours: list[Sample], at: float, check: QueryCheck) -> str:
    """Return how one answer differs from the right one, or nothing."""
    mine, wanted = ({_key(sample, check): sample.value for sample in samples} for samples in (theirs, ours))
    problem = (
        _ranked(theirs, ours, check)
        if check.ranking
        else _shape(mine, wanted, len(theirs), check) or _values(mine, wanted, check)
    )
    return f"at {at:g} s {problem}" if problem else ""


def _shape(mine: Keyed, wanted: Keyed, results: int, check: QueryCheck) -> str:
    if len(mine) < results:
        return f"there are {results} results for {len(mine)} of what is asked for: sum what belongs together"
    if not mine and wanted:
        return "the answer is empty"
    missing, surplus = wanted.keys() - mine.keys(), mine.keys() - wanted.keys()
    if surplus and check.labels and not any(value for key in surplus for value in key):
        return f"the result has no label {' or '.join(check.labels)}"
    what = [
        f"{_told(keys, check)} {word}"
        for keys, word in ((missing, "is missing"), (surplus, "is too much"))
        if keys
    ]
    return f"there are {len(mine)} results instead of {len(wanted)}: {', '.join(what)}" if what else ""


def _values(mine: Keyed, wanted: Keyed, check: QueryCheck) -> str:
    for key, value in wanted.items():
        if not _close(mine[key], value, check.tolerance):
            whose = f" for {_told({key}, check)}" if check.labels else ""
            return f"the value{whose} is {mine[key]:.6g}, but should be {value:.6g}"
    return ""


def _ranked(theirs: list[Sample], ours: list[Sample], check: QueryCheck) -> str:
    if len(theirs) != len(ours):
        return f"there are {len(theirs)} results instead of {len(ours)}"
    if any(not value for sample in theirs for value in _key(sample, check)):
        return f"a result has no label {' or '.join(check.labels)}"
    pairs = zip(sorted(s.value for s in theirs), sorted(s.value for s in ours), strict=True)
    wrong = [(mine, right) for mine, right in pairs if not _close(mine, right, check.tolerance)]
    return f"one of the values is {wrong[0][0]:g}, but should be {wrong[0][1]:g}" if wrong else ""


def _key(sample: Sample, check: QueryCheck) -> tuple[str, ...]:
    return tuple(sample.labels.get(label, "") for label in check.labels)


def _told(keys: set[tuple[str, ...]], check: QueryCheck) -> str:
    first = min(keys)
    pairs = ", ".join(f"{label}={value!r}" for label, value in zip(check.labels, first, strict=True))
    return pairs + (f" and {len(keys) - 1} more" if len(keys) > 1 else "")


def _close(mine: float, wanted: float, tolerance: float) -> bool:
    if math.isnan(wanted) or math.isinf(wanted):
        return str(mine) == str(wanted)
    return math.isclose(mine, wanted, rel_tol=tolerance, abs_tol=1e-9)


def _translated(error: str) -> str:
    meaning = plainly(error) or "the query cannot be computed"
    return f"{meaning}. promtool says: {error}"
