"""For authors: does each exercise judge as it should? Right answers pass, wrong ones do not.

An alert's variants are replayed together in one run of promtool, which is why their alerts, and what they
record, need different names.
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from rabbit_chatter.errors import ChatterError, ExerciseError
from rabbit_chatter.exercises.check_alert import Bench, Judged, check_alerts
from rabbit_chatter.exercises.check_query import Desk, check_queries
from rabbit_chatter.exercises.grade import Grader
from rabbit_chatter.exercises.manifest import AlertCheck, Exercise, QueryCheck, home, manifest
from rabbit_chatter.exercises.student import Unreadable
from rabbit_chatter.exercises.verdict import Finding, Verdict, refused

_RIGHT, _WRONG, _HINTS = 3, 5, 3  # at least, of each exercise


@dataclass(frozen=True)
class Report:
    """What was found about one exercise.

    Attributes:
        problems: what is not as it should be.
        right: how many other right answers passed.
        wrong: how many wrong ones failed.
    """

    exercise: str
    problems: list[str]
    right: int
    wrong: int
    seconds: float


def lint(names: list[str], variants: Path, console: Console) -> list[str]:
    """Look at these exercises, or all; print a line for each and return the names of those with problems.

    Raises:
        ExerciseError: there is no such exercise, or no folder of variants.
    """
    if not variants.is_dir():
        raise ExerciseError(f"{variants} is not there: this is for authors, in a checkout of rabbit-chatter")
    chosen = [manifest().get(name) for name in names] or manifest().exercise
    begin = time.monotonic()
    failed = []
    with ThreadPoolExecutor(2, thread_name_prefix="lint") as pool:
        for report in pool.map(lambda exercise: examine(exercise, Grader(home()), variants), chosen):
            mark = "✗" if report.problems else "✓"
            counts = f"{report.right} right, {report.wrong} wrong, {report.seconds:.1f} s"
            console.print(f"{mark} {report.exercise:<24} {counts}")
            for problem in report.problems:
                console.print(f"    {problem}", soft_wrap=True)
            failed += [report.exercise] * bool(report.problems)
    console.print(f"{len(chosen)} exercises in {time.monotonic() - begin:.1f} s")
    return failed


def examine(exercise: Exercise, grader: Grader, variants: Path) -> Report:
    """Return what is to be said of one exercise."""
    begin = time.monotonic()
    folder = variants / exercise.name
    right, wrong = _files(folder / "right"), _files(folder / "wrong")
    answers = [grader.home / exercise.file, grader.solution(exercise), *right, *wrong]
    problems = list(_missing(exercise, answers[:2], len(right), len(wrong)))
    try:
        verdicts = [] if problems else _verdicts(exercise, answers, grader)
    except ChatterError as error:
        verdicts, problems = [], [str(error)]
    for answer, verdict in zip(answers, verdicts, strict=False):
        should = answer not in {answers[0], *wrong}
        if verdict.passed != should:
            problems.append(
                f"{answer.relative_to(answer.parents[2])} {'failed' if should else 'passed'}: {_why(verdict)}"
            )
    return Report(exercise.name, problems, len(right), len(wrong), time.monotonic() - begin)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []


def _missing(exercise: Exercise, files: list[Path], right: int, wrong: int) -> Iterator[str]:
    yield from (f"{file} is not there" for file in files if not file.is_file())
    if files[0].is_file() and "TODO" not in files[0].read_text("utf-8"):
        yield f"{files[0].name} has no TODO"
    if len(exercise.hints) != _HINTS:
        yield f"{len(exercise.hints)} hints instead of {_HINTS}"
    if right < _RIGHT or wrong < _WRONG:
        yield f"{right} other right answers and {wrong} wrong ones; {_RIGHT} and {_WRONG} are wanted"


def _verdicts(exercise: Exercise, answers: list[Path], grader: Grader) -> list[Verdict]:
    check = exercise.check
    results: list[Any]
    with tempfile.TemporaryDirectory(prefix="rabbit-chatter-lint-") as folder:
        if isinstance(check, AlertCheck):
            results = check_alerts(answers, Bench.of(check, grader.library, Path(folder)))
        elif isinstance(check, QueryCheck):
            desk = Desk.of(check, grader.solution(exercise), grader.library, Path(folder))
            results = check_queries(answers, desk)
        else:
            return [grader.check(exercise, answer) for answer in answers]
    return [_verdict(exercise.name, result) for result in results]


def _verdict(name: str, result: Judged | list[Finding] | Unreadable) -> Verdict:
    if isinstance(result, Unreadable):
        return refused(name, str(result))
    return Verdict(name, result.findings if isinstance(result, Judged) else result)


def _why(verdict: Verdict) -> str:
    bad = [finding.text for finding in verdict.findings if not finding.good and finding.weight]
    return "; ".join(bad) or "everything was found good"
