"""A class at a glance: a line per student, a column per topic, a mark per exercise."""

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from rabbit_chatter.exercises.classroom import NOT_BEGUN
from rabbit_chatter.exercises.manifest import Manifest
from rabbit_chatter.exercises.verdict import Verdict


def class_table(verdicts: Mapping[str, Sequence[Verdict]], manifest: Manifest) -> Group:
    """Return the table, and what its marks mean."""
    topics = list(dict.fromkeys(exercise.topic for exercise in manifest.exercise))
    table = Table("student", "solved", box=None, padding=(0, 1, 0, 0))
    for topic in topics:
        count = sum(exercise.topic == topic for exercise in manifest.exercise)
        table.add_column(topic[: max(8, count)], min_width=count)
    for student, of_one in verdicts.items():
        marks = {topic: Text() for topic in topics}
        for exercise, verdict in zip(manifest.exercise, of_one, strict=True):
            marks[exercise.topic].append(*_mark(verdict))
        solved = sum(verdict.passed for verdict in of_one)
        table.add_row(Text(student), f"{solved}/{len(of_one)}", *marks.values())
    legend = "✓ passed  ✗ not yet  · not begun; in the order of `exercise list`. All findings: --json"
    return Group(table, Text(f"\n{legend}", style="dim"))


def _mark(verdict: Verdict) -> tuple[str, str]:
    if verdict.passed:
        return "✓", "green"
    return ("·", "dim") if verdict.findings[0].text == NOT_BEGUN else ("✗", "red")
