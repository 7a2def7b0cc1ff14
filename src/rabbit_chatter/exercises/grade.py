"""From an exercise and a student's file to a verdict."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rabbit_chatter.exercises.check_alert import Bench, check_alert
from rabbit_chatter.exercises.check_code import check_code
from rabbit_chatter.exercises.check_facts import check_facts
from rabbit_chatter.exercises.check_query import Desk, check_query
from rabbit_chatter.exercises.check_routing import check_routing
from rabbit_chatter.exercises.check_runbook import check_runbook
from rabbit_chatter.exercises.check_tests import check_tests
from rabbit_chatter.exercises.manifest import (
    AlertCheck,
    CodeCheck,
    Exercise,
    FactsCheck,
    QueryCheck,
    RoutingCheck,
    RunbookCheck,
    TestsCheck,
)
from rabbit_chatter.exercises.student import Unreadable
from rabbit_chatter.exercises.verdict import Finding, Timeline, Verdict, refused
from rabbit_chatter.recordings.library import Library


@dataclass(frozen=True)
class Grader:
    """Judges answers.

    Args:
        home: the shipped exercises, with their solutions and recordings.
    """

    home: Path

    @property
    def library(self) -> Library:
        """The recordings."""
        return Library(self.home / "recordings")

    def check(self, exercise: Exercise, answer: Path) -> Verdict:
        """Return the verdict on ``answer``; what cannot be judged is a verdict, too.

        Raises:
            ToolError: promtool or amtool is missing.
            RecordingError: a recording is missing or damaged.
        """
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="rabbit-chatter-check-") as folder:
            try:
                findings, timelines = self._judge(exercise, answer, Path(folder))
                verdict = Verdict(exercise.name, findings, timelines)
            except Unreadable as reason:
                verdict = refused(exercise.name, str(reason))
        return replace(verdict, seconds=time.monotonic() - begin)

    def _judge(self, exercise: Exercise, answer: Path, folder: Path) -> tuple[list[Finding], list[Timeline]]:
        check = exercise.check
        if isinstance(check, AlertCheck):
            judged = check_alert(answer, Bench.of(check, self.library, folder))
            return judged.findings, judged.timelines
        if isinstance(check, QueryCheck):
            return check_query(answer, Desk.of(check, self.solution(exercise), self.library, folder)), []
        return self._judge_file(exercise, answer, folder), []

    def _judge_file(self, exercise: Exercise, answer: Path, folder: Path) -> list[Finding]:
        """Judge what needs no recording."""
        match exercise.check:
            case RoutingCheck() as check:
                return check_routing(answer, check, folder)
            case FactsCheck() as check:
                return check_facts(answer, check)
            case CodeCheck() as check:
                return check_code(answer, check, folder)
            case RunbookCheck() as check:
                return check_runbook(answer, check)
            case TestsCheck() as check:
                return check_tests(answer, check, self.home / exercise.file, folder)
        raise AssertionError(exercise.check)

    def solution(self, exercise: Exercise) -> Path:
        """Return the file with the solution."""
        return self.home / "solutions" / exercise.file
