"""Ask the real promtool, 2.42 or 3.x, and read what it prints."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rabbit_chatter.exercises.sandbox import Ended, Limits, find, run

_HOW = (
    "on Debian and Ubuntu `apt install prometheus`, on a Mac `brew install prometheus`, or take it from the "
    "archive at prometheus.io/download"
)
_CASE = " # case "
_ASKED = re.compile(
    r'^\s*(?:name: .*,\s*)?expr: "(?P<expr>.*)", time: (?P<time>[0-9hms.]+),(?: err: (?P<error>.*))?$'
)
_GOT = re.compile(r"^\s*got:\s*(?P<got>.*)$")
_SAMPLE = re.compile(r'\{(?P<labels>(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*"(?:, )?)*)\} (?P<value>[-+.\w]+)')
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
_RULE_ERROR = re.compile(r"^\s*rule: (?P<rule>.*?), time: .*?, err: (?P<error>.*)$")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True)
class Sample:
    """One sample of an answer: its labels, without its name, and its value."""

    labels: dict[str, str]
    value: float
    name: str = ""


@dataclass(frozen=True)
class Answer:
    """What promtool computed for one question.

    Attributes:
        case: the number of the case that asked.
        expression: as it was asked.
        at: seconds.
        samples: what came out; empty if nothing did.
        error: why nothing could come out.
    """

    case: int
    expression: str
    at: float
    samples: list[Sample]
    error: str = ""


@lru_cache(maxsize=1)
def find_promtool() -> str:
    """Return promtool's path.

    Raises:
        ToolError: it is not installed; the message says how to get it.
    """
    return find("promtool", _HOW)


def check_rules(path: Path, limits: Limits | None = None) -> Ended:
    """Let promtool check a file of rules."""
    return run([find_promtool(), "check", "rules", path.name], path.parent, limits)


def run_tests_of(files: list[Path], folder: Path, limits: Limits | None = None) -> Ended:
    """Let promtool run tests."""
    return run([find_promtool(), "test", "rules", *(file.name for file in files)], folder, limits)


def ask(case: int, expression: str, at: float) -> dict[str, Any]:
    """Return a question for a test: promtool prints the answer because it is not the empty one expected.

    It prints the expression, too, but 3.x not the file; hence the number of the case in a comment.
    """
    return {"expr": f"{expression}{_CASE}{case}", "eval_time": f"{at:g}s", "exp_samples": []}


def answers(output: str) -> Iterator[Answer]:
    """Yield every answer that is not empty in what ``promtool test rules`` printed."""
    asked: re.Match[str] | None = None
    for line in output.splitlines():
        if found := _ASKED.match(line):
            asked = found
            if found["error"]:
                yield _answer(found, [], found["error"])
                asked = None
        elif asked and (got := _GOT.match(line)):
            yield _answer(asked, list(samples(got["got"])))
            asked = None


def _answer(asked: re.Match[str], found: list[Sample], error: str = "") -> Answer:
    expression, _, case = _unquoted(asked["expr"]).rpartition(_CASE)
    return Answer(int(case), expression, _seconds(asked["time"]), found, error)


def rule_errors(output: str) -> list[str]:
    """Return what went wrong while rules were evaluated, such as a many-to-many match."""
    return [
        f"{found['rule']}: {found['error']}" for found in map(_RULE_ERROR.match, output.splitlines()) if found
    ]


def samples(text: str) -> Iterator[Sample]:
    """Yield the samples that promtool printed in one line."""
    for found in _SAMPLE.finditer(text):
        labels = labels_of(found["labels"])
        name = labels.pop("__name__", "")
        yield Sample(labels, float(found["value"]), name)


def labels_of(text: str) -> dict[str, str]:
    """Return labels from how Go prints them."""
    return {name: _unquoted(value) for name, value in _LABEL.findall(text)}


def _unquoted(text: str) -> str:
    # Go quotes as JSON does, but for characters that nobody puts into a label.
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def _seconds(text: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|h|m|s)", text))
