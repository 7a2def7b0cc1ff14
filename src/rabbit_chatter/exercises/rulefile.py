"""A student's file of rules: read, checked by promtool, and its complaints put into plain words."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rabbit_chatter.exercises.expressions import metrics_of, names_by_pattern
from rabbit_chatter.exercises.plainly import plainly
from rabbit_chatter.exercises.promtool import check_rules
from rabbit_chatter.exercises.student import Unreadable, parse_yaml, read_text

_MOST_RULES = 50


@dataclass(frozen=True)
class RuleFile:
    """A file of rules that promtool accepts.

    Attributes:
        path: the student's file.
        copy: the name of the copy that promtool reads.
        text: as it was written.
        rules: each as YAML has it.
    """

    path: Path
    copy: str
    text: str
    rules: list[dict[str, Any]]

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The rules that alert."""
        return [rule for rule in self.rules if "alert" in rule]

    @property
    def recorded(self) -> set[str]:
        """The names that rules record."""
        return {str(rule["record"]) for rule in self.rules if "record" in rule}

    @property
    def names(self) -> set[str]:
        """The names of alerts."""
        return {str(rule["alert"]) for rule in self.alerts}

    @property
    def expressions(self) -> list[str]:
        """The expressions of all rules."""
        return [str(rule["expr"]) for rule in self.rules]

    @property
    def metrics(self) -> set[str]:
        """The metrics that expressions ask for and no rule here records."""
        return set().union(*map(metrics_of, self.expressions)) - self.recorded

    @property
    def any_metric(self) -> bool:
        """Whether metrics are chosen by a pattern."""
        return any(map(names_by_pattern, self.expressions))


def read_rules(path: Path, copy: Path) -> RuleFile:
    """Return the rules in ``path``, of which promtool gets a ``copy``.

    Raises:
        Unreadable: it is not a file of rules; the message says what is wrong and in which line.
        ToolError: promtool is missing or takes too long.
    """
    text = read_text(path)
    rules = _rules_in(parse_yaml(text, path.name), path.name)
    copy.write_text(text, "utf-8")
    ended = check_rules(copy)
    if ended.code:
        raise Unreadable(f"{path.name}{translated(ended.output, text)}")
    return RuleFile(path, copy.name, text, rules)


def _rules_in(content: object, name: str) -> list[dict[str, Any]]:
    groups = content.get("groups") if isinstance(content, dict) else None
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise Unreadable(f"{name} has no list `groups:` on top; see `rabbit-chatter exercise reset`")
    rules = [rule for group in groups for rule in group.get("rules") or []]
    if not rules:
        raise Unreadable(f"{name} has no rule yet: write one where it says TODO")
    if len(rules) > _MOST_RULES:
        raise Unreadable(f"{name} has {len(rules)} rules; no exercise needs more than {_MOST_RULES}")
    if not all(isinstance(rule, dict) for rule in rules):
        raise Unreadable(f"{name}: a rule is a list item with fields such as `alert:` and `expr:`")
    if empty := [rule.get("alert") or rule.get("record") for rule in rules if not rule.get("expr")]:
        raise Unreadable(f"{name}: the rule {empty[0] or '?'} has no `expr` yet: write it where it says TODO")
    if not any("alert" in rule for rule in rules):
        raise Unreadable(f"{name} has no alert yet: write one where it says TODO")
    return rules


def translated(output: str, text: str) -> str:
    """Return what promtool said, in plain words, with the line and with its own words behind."""
    lines = [line.strip() for line in output.splitlines()]
    said = [line for line in lines if line and not line.startswith(("Checking", "FAILED", "SUCCESS"))]
    message = " ".join(said)
    plain = plainly(message) or "promtool does not accept it"
    where = _line_of(message, text)
    own = re.sub(r"^.*?\.yml:\s*", "", message)[:300]
    return f"{f', line {where}' if where else ''}: {plain}. promtool says: {own}"


def _line_of(message: str, text: str) -> int | None:
    """Return the line that promtool means: it names one, or the position within a rule's expression."""
    lines = text.splitlines()
    if found := re.search(r"\.yml: (\d+):\d+: ", message) or re.search(r"\bline (\d+)\b", message):
        line = int(found[1])
        inside = re.search(r"could not parse expression: (\d+):\d+", message)
        block = re.search(r"expr:\s*[|>]", lines[min(line, len(lines)) - 1]) is not None
        return line + (int(inside[1]) - 1 + block if inside else 0)
    if found := re.search(r"\"(\w+)\"", message):
        return next((number for number, line in enumerate(lines, 1) if found[1] in line), None)
    return None
