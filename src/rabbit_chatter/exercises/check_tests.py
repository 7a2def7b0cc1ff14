"""The check of promtool tests that a student wrote: by mutation. What notices nothing is worth nothing."""

import json
import re
from pathlib import Path
from typing import Any

from rabbit_chatter.exercises.manifest import TestsCheck
from rabbit_chatter.exercises.promtool import run_tests_of
from rabbit_chatter.exercises.student import Unreadable, read_yaml
from rabbit_chatter.exercises.verdict import Finding, either

_MOST_CASES = 30
_VERSION = "version "
_NAME = re.compile(
    rf"^\s*name: {_VERSION}(\d+),", re.MULTILINE
)  # of a test that failed; 2.42 and 3.x print it


def check_tests(answer: Path, check: TestsCheck, exercise: Path, folder: Path) -> list[Finding]:
    """Return what is said of the tests in ``answer``; see :func:`check_alert`.

    Args:
        answer: the student's file.
        check: what is demanded.
        exercise: the exercise's file as shipped; the rule is beside it.
        folder: an empty one.
    """
    tests = _tests_in(answer)
    rule = exercise.with_name(check.rules).read_text("utf-8")
    versions = [rule, *(_mutated(rule, mutant.old, mutant.new) for mutant in check.mutants)]
    files = [_write(folder, number, version, tests) for number, version in enumerate(versions)]
    said = run_tests_of(files[:1], folder).output
    right = "FAILED" not in said
    failed = set(_NAME.findall(run_tests_of(files[1:], folder).output)) if right else set()
    findings = [Finding(right, _about_the_right_rule(said), 3)]
    for number, mutant in enumerate(check.mutants, 1):
        findings.append(
            either(str(number) in failed, f"noticed: {mutant.what}", f"did not notice: {mutant.what}")
        )
    return findings


def _tests_in(answer: Path) -> dict[str, Any]:
    content = read_yaml(answer)
    cases = content.get("tests") if isinstance(content, dict) else None
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise Unreadable(f"{answer.name} has no list `tests:` on top")
    if len(cases) > _MOST_CASES:
        raise Unreadable(f"{answer.name} has {len(cases)} tests; {_MOST_CASES} are more than enough")
    if not any(case.get("alert_rule_test") or case.get("promql_expr_test") for case in cases):
        raise Unreadable(f"{answer.name} expects nothing yet: write an `alert_rule_test`")
    assert isinstance(content, dict)
    return content


def _mutated(rule: str, old: str, new: str) -> str:
    assert rule.count(old) >= 1, f"the rule has no {old!r}: the manifest is wrong"
    return rule.replace(old, new)


def _write(folder: Path, number: int, rule: str, tests: dict[str, Any]) -> Path:
    """Write a version of the rule and the student's tests of it, whose names tell which version it is."""
    rules, file = folder / f"rules-{number:02d}.yml", folder / f"test-{number:02d}.yml"
    rules.write_text(rule, "utf-8")
    named = [{**case, "name": f"{_VERSION}{number}"} for case in tests["tests"]]
    content = {**tests, "rule_files": [rules.name], "tests": named}
    file.write_text(json.dumps(content, default=str), "utf-8")
    return file


def _about_the_right_rule(said: str) -> str:
    if "FAILED" not in said:
        return "your tests pass with the rule as it is"
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.endswith("FAILED:")]
    return f"your tests fail with the rule as it is: {' '.join(lines)[:400]}"
