"""Each exercise judges as it should: `rabbit-chatter exercise lint`, one test per exercise."""

from pathlib import Path

import pytest

from rabbit_chatter.exercises.grade import Grader
from rabbit_chatter.exercises.lint import examine
from rabbit_chatter.exercises.manifest import home, manifest

VARIANTS = Path(__file__).parent


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [exercise.name for exercise in manifest().exercise])
def test_right_answers_pass_and_wrong_ones_do_not(name: str) -> None:
    """It fails as shipped, its solution passes, and so do other right answers, but no wrong one."""
    report = examine(manifest().get(name), Grader(home()), VARIANTS)
    assert not report.problems


def test_there_are_enough_of_them() -> None:
    """At least twenty, in all six groups."""
    exercises = manifest().exercise
    assert len(exercises) >= 20
    assert {exercise.topic for exercise in exercises} == {
        "promql",
        "alerts",
        "alertmanager",
        "traces",
        "instrumentation",
        "tests",
    }


def test_no_variant_is_left_over() -> None:
    """Each folder of variants belongs to an exercise, and each solution does."""
    names = {exercise.name for exercise in manifest().exercise}
    assert {path.name for path in VARIANTS.iterdir() if path.is_dir() and path.name[0] not in "_."} <= names
    files = {home() / "solutions" / exercise.file for exercise in manifest().exercise}
    assert {path for path in (home() / "solutions").rglob("*") if path.is_file()} == files
