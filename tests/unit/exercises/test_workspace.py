import json
from pathlib import Path
from typing import Any

import pytest

from rabbit_chatter.errors import ExerciseError
from rabbit_chatter.exercises.manifest import home, manifest
from rabbit_chatter.exercises.verdict import Finding, Timeline, Verdict
from rabbit_chatter.exercises.workspace import Workspace

FIRST, SECOND = manifest().exercise[:2]


def workspace(folder: Path) -> Workspace:
    """Return a student's folder."""
    return Workspace(folder / "me", manifest())


def test_starting_again_keeps_what_was_written(tmp_path: Path) -> None:
    """The file is put there once; a second start leaves the student's alone."""
    work = workspace(tmp_path)
    path = work.start(FIRST)
    path.write_text("mine")
    assert work.start(FIRST).read_text() == "mine"


def test_reset_keeps_a_backup(tmp_path: Path) -> None:
    """What was written is not lost, however often one resets."""
    work = workspace(tmp_path)
    path = work.start(FIRST)
    backups = []
    for text in ("mine", "mine again"):
        path.write_text(text)
        backups.append(work.reset(FIRST))
    assert [backup.read_text() for backup in backups if backup] == ["mine", "mine again"]
    assert path.read_text() == (home() / FIRST.file).read_text()


def test_progress_is_remembered(tmp_path: Path) -> None:
    """What is solved stays so, and the next exercise is the first that is not."""
    work = workspace(tmp_path)
    assert work.current() == FIRST
    assert work.mark_solved(FIRST)
    assert not workspace(tmp_path).mark_solved(FIRST)
    assert workspace(tmp_path).current() == SECOND


def test_hints_come_one_by_one_and_the_last_one_stays(tmp_path: Path) -> None:
    """There are three, each nearer."""
    work = workspace(tmp_path)
    assert [work.next_hint(FIRST) for _ in range(5)] == [0, 1, 2, 2, 2]


def test_the_solution_is_for_who_solved_it_or_gives_up(tmp_path: Path) -> None:
    """Giving up is possible, and is remembered."""
    work = workspace(tmp_path)
    assert not work.may_see_solution(FIRST, give_up=False)
    assert work.may_see_solution(FIRST, give_up=True)
    assert work.progress.given_up == [FIRST.name]
    work.mark_solved(SECOND)
    assert work.may_see_solution(SECOND, give_up=False)


def test_damaged_progress_counts_as_none(tmp_path: Path) -> None:
    """A file that cannot be read ends nothing."""
    work = workspace(tmp_path)
    work.start(FIRST)
    (tmp_path / "me" / ".progress.json").write_text("{")
    assert work.progress.solved == []
    assert work.mark_solved(FIRST)


def test_the_shipped_exercises_are_not_worked_in() -> None:
    """Whoever names the folder of the exercises themselves is told to take another."""
    with pytest.raises(ExerciseError, match="as shipped"):
        Workspace(home(), manifest()).reset(FIRST)
    assert not (home() / ".backups").exists()


def test_a_trace_comes_with_its_exercise_and_differs_between_students(tmp_path: Path) -> None:
    """Each student reads another trace, as text and as OTLP that Jaeger takes."""
    exercise = manifest().get("slow-bot")
    texts = set()
    for name in ("ada", "bob"):
        work = Workspace(tmp_path / name, manifest())
        folder = work.start(exercise).parent
        texts.add((folder / "slow_bot.trace.txt").read_text())
        spans = json.loads((folder / "slow_bot.trace.json").read_text())["resourceSpans"]
        assert sum(len(scope["spans"]) for one in spans for scope in one["scopeSpans"]) == 76
    assert len(texts) == 2


def shown(work: Workspace) -> dict[str, Any]:
    """Return what the page is told of an exercise, by its name."""
    told = json.loads((work.folder / ".page.json").read_text())
    assert [one["name"] for one in told["exercises"]] == [one.name for one in work.manifest.exercise]
    return {"latest": told["latest"], **{one["name"]: one for one in told["exercises"]}}


def test_the_page_is_told_what_is_done(tmp_path: Path) -> None:
    """From the start of an exercise to its solution, with hints and score; others stay as they are."""
    work = workspace(tmp_path)
    work.start(FIRST)
    told = shown(work)
    assert (told["latest"], told[FIRST.name]["state"], told[SECOND.name]["state"]) == (
        None,
        "started",
        "not yet",
    )
    work.next_hint(FIRST)
    line = Timeline("quiet", "A quiet hour", expected=False, interval=5, firing=[0, 1], pending=[1, 0])
    work.judged(
        FIRST,
        Verdict(
            FIRST.name, [Finding(good=False, text="it cried"), Finding(good=True, text="it fired")], [line]
        ),
    )
    told = shown(work)
    assert told["latest"] == FIRST.name
    assert {key: told[FIRST.name][key] for key in ("state", "score", "hints", "hints_of")} == {
        "state": "started", "score": 50, "hints": 1, "hints_of": 3,
    }  # fmt: skip
    verdict = json.loads((work.folder / ".verdicts" / f"{FIRST.name}.json").read_text())
    assert [finding["text"] for finding in verdict["findings"]] == ["it cried", "it fired"]
    assert verdict["timelines"][0]["firing"] == [0, 1]
    work.judged(FIRST, Verdict(FIRST.name, [Finding(good=True, text="it fired")]))
    assert (shown(work)[FIRST.name]["state"], shown(work)[FIRST.name]["score"]) == ("solved", 100)
    work.may_see_solution(SECOND, give_up=True)
    assert shown(work)[SECOND.name]["state"] == "given up"


def test_a_check_makes_no_folder(tmp_path: Path) -> None:
    """Whoever checks where nothing was started finds no new folder there."""
    work = workspace(tmp_path)
    work.judged(FIRST, Verdict(FIRST.name, [Finding(good=False, text="nothing is there")]))
    assert not work.folder.exists()
