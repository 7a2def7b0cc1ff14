"""The rules and their tests as data, and which metrics an expression asks for."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "prometheus"
RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
RULE_FILES = sorted((FOLDER / "rules").glob("*.yml"))
TEST_FILES = sorted((FOLDER / "tests").glob("*.yml"))

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_SELECTORS = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
_LABEL_LISTS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_WORDS = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\w*\s*\()")
_OPERATORS = frozenset("and or unless bool offset by without on ignoring group_left group_right".split())
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def load(path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text())


def rules() -> list[dict[str, Any]]:
    """Return all rules, recording ones and alerts."""
    return [rule for path in RULE_FILES for group in load(path)["groups"] for rule in group["rules"]]


ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"] for rule in rules() if "record" in rule}


def metrics_of(expression: str) -> set[str]:
    """Return the names of metrics in a PromQL expression: words that are no function, label or operator."""
    bare = _STRINGS.sub('""', expression)
    bare = _LABEL_LISTS.sub(" ", _SELECTORS.sub(" ", bare))
    bare = re.sub(r"\boffset\s+\w+", " ", bare)
    return set(_WORDS.findall(bare)) - _OPERATORS


def ranges_of(expression: str) -> list[float]:
    """Return the lengths of all ranges and subqueries in an expression, in seconds."""
    bare = _STRINGS.sub('""', expression)
    return [seconds(found) for found in re.findall(r"\[([^\]:]+)", bare)]


def seconds(duration: str) -> float:
    """Return how long ``1m30s`` is."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))


@dataclass(frozen=True)
class Checks:
    """What one test case says of one alert: at which second it fires, and at which it does not."""

    firing: list[float]
    silent: list[float]

    @property
    def resolves(self) -> bool:
        """Whether it is seen to end after it fired."""
        return bool(self.firing) and max(self.silent, default=-1) > max(self.firing)

    @property
    def begins(self) -> bool:
        """Whether it is seen silent before it fires, and then firing."""
        return bool(self.firing) and min(self.silent, default=1e9) < min(self.firing)

    @property
    def stays_quiet(self) -> bool:
        """Whether it never fires."""
        return bool(self.silent) and not self.firing


def checks_of(alert: str) -> list[Checks]:
    """Return what each test case that looks at ``alert`` says of it."""
    found = []
    for case in (case for path in TEST_FILES for case in load(path)["tests"]):
        looks = [look for look in case["alert_rule_test"] if look["alertname"] == alert]
        if looks:
            firing = [seconds(look["eval_time"]) for look in looks if look["exp_alerts"]]
            silent = [seconds(look["eval_time"]) for look in looks if not look["exp_alerts"]]
            found.append(Checks(firing, silent))
    return found
