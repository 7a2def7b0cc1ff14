"""The commands of `rabbit-chatter exercise`, as a student, a teacher and a CI server use them."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from rabbit_chatter.cli import app
from rabbit_chatter.errors import ExerciseError
from rabbit_chatter.exercises import promtool
from rabbit_chatter.exercises.manifest import home, manifest

QUERY, ALERT = manifest().get("join"), manifest().get("broker-down")


def call(folder: Path, *words: str) -> Result:
    """Run a command in a student's folder."""
    return CliRunner().invoke(app, ["exercise", *words, "--dir", str(folder)])


def solve(folder: Path, name: str) -> None:
    """Write the shipped solution into a student's folder."""
    file = manifest().get(name).file
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(home() / "solutions" / file, folder / file)


def test_from_failure_to_success(tmp_path: Path) -> None:
    """The file is put there, fails, is repaired, passes, and counts as solved."""
    assert QUERY.file in call(tmp_path, "start", QUERY.name).stdout
    failed = call(tmp_path, "check", QUERY.name)
    assert failed.exit_code == 1
    assert "not yet" in failed.stdout
    solve(tmp_path, QUERY.name)
    passed = call(tmp_path, "check", QUERY.name)
    assert passed.exit_code == 0, passed.stdout
    assert "100 %" in passed.stdout
    assert json.loads(call(tmp_path, "progress", "--json").stdout)["solved"] == [QUERY.name]


def test_the_verdict_on_a_rule_has_times_and_a_chart(tmp_path: Path) -> None:
    """It says when the rule fired and ended, at what it did not cry, and draws each recording."""
    solve(tmp_path, ALERT.name)
    told = " ".join(call(tmp_path, "check", ALERT.name).stdout.split())
    for says in (
        "s after it began",
        "s after its cause was gone",
        "did not cry at “deploy”",
        "█",
        "did not flap",
    ):
        assert says in told


def test_the_verdict_as_json_has_the_timelines(tmp_path: Path) -> None:
    """A page can draw them: each recording with its interval, and how many alerts fired at each step."""
    solve(tmp_path, ALERT.name)
    (report,) = json.loads(call(tmp_path, "check", ALERT.name, "--json").stdout)
    (verdict,) = report["verdicts"]
    assert verdict["passed"]
    assert verdict["score"] == 100
    first = verdict["timelines"][0]
    assert first["recording"] == "broker-restart"
    assert 1 in first["firing"][first["inject"] // first["interval"] :]


def test_hints_and_solution(tmp_path: Path) -> None:
    """Hints come one by one; the solution is there for who gives up."""
    assert "Hint 1 of 3" in call(tmp_path, "hint", QUERY.name).stdout
    assert "Hint 2 of 3" in call(tmp_path, "hint", QUERY.name).stdout
    refused = call(tmp_path, "solution", QUERY.name)
    assert isinstance(refused.exception, ExerciseError)
    assert "--give-up" in str(refused.exception)
    assert "group_left" in call(tmp_path, "solution", QUERY.name, "--give-up").stdout


def test_the_solution_of_a_trace_is_the_students_own(tmp_path: Path) -> None:
    """Each student has another trace, and the solution belongs to it."""
    call(tmp_path, "start", "slow-bot")
    own = call(tmp_path, "solution", "slow-bot", "--give-up").stdout
    (tmp_path / manifest().get("slow-bot").file).write_text(own)
    assert call(tmp_path, "check", "slow-bot").exit_code == 0


def test_reset_says_where_the_old_one_is(tmp_path: Path) -> None:
    """Nothing that was written is lost."""
    solve(tmp_path, QUERY.name)
    assert ".backups" in call(tmp_path, "reset", QUERY.name).stdout


def test_a_class_is_a_table_and_a_report(tmp_path: Path) -> None:
    """Each student has a line, what is as shipped counts as not begun, and CI servers get their XML."""
    for student in ("ada", "bob"):
        call(tmp_path / student, "start", QUERY.name)
    solve(tmp_path / "ada", QUERY.name)
    report = tmp_path / "report.xml"
    shown = call(tmp_path, "check", "--all", "--junit", str(report))
    assert shown.exit_code == 1
    assert "ada" in shown.stdout
    assert f"1/{len(manifest().exercise)}" in shown.stdout
    suites = {suite.get("name"): suite for suite in ET.parse(report).getroot()}  # noqa: S314 - our own
    failures = {name: int(suite.get("failures", "-1")) for name, suite in suites.items()}
    assert failures == {"ada": len(manifest().exercise) - 1, "bob": len(manifest().exercise)}


def test_an_empty_folder_holds_no_answers(tmp_path: Path) -> None:
    """Whoever names the wrong folder is told."""
    assert "holds no answers" in str(call(tmp_path, "check", "--all").exception)


def test_what_cannot_be_checked_is_another_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without promtool nobody has failed: the exit code is 2, and the message says what to install."""
    solve(tmp_path, QUERY.name)
    monkeypatch.setenv("PATH", str(tmp_path))
    promtool.find_promtool.cache_clear()
    try:
        result = call(tmp_path, "check", QUERY.name)
    finally:
        promtool.find_promtool.cache_clear()
    assert result.exit_code == 2
    assert "apt install prometheus" in result.output


def test_an_exercise_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A slip in the name leads to the list."""
    assert "exercise list" in str(call(tmp_path, "start", "nothing").exception)


def test_the_list_is_for_programs_too(tmp_path: Path) -> None:
    """The page can show it."""
    listed = json.loads(call(tmp_path, "list", "--json").stdout)
    assert [one["number"] for one in listed] == list(range(1, len(manifest().exercise) + 1))
    assert not any(one["solved"] for one in listed)
