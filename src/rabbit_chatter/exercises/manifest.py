"""What exercises there are: ``exercises/info.toml``, as frozen structures."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from rabbit_chatter.errors import ExerciseError

_PACKAGE = Path(__file__).parents[1]
_PLACES = (_PACKAGE.parents[1] / "exercises", _PACKAGE / "_deployment" / "exercises")


class _Check(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    pass


class QueryCheck(_Check, frozen=True, kw_only=True, tag="query"):
    """The answer is a PromQL query; its values are compared with those of the solution.

    Attributes:
        recordings: on which it is asked.
        labels: which of the answer's labels count; the others may be there or not.
        tolerance: how far a value may be off, as a share of it.
        ranking: whether only the values count, in their order; of equal ones, any may be among the first.
    """

    recordings: list[str]
    labels: list[str] = []
    tolerance: float = 0.001
    ranking: bool = False


class AlertCheck(_Check, frozen=True, kw_only=True, tag="alert"):
    """The answer is an alert rule; it is judged by what it does.

    Attributes:
        fires: the incidents in which it must fire, ``within`` seconds after they begin, and stop at the
            latest ``resolve`` seconds after their cause is gone.
        quiet: incidents that only look alike.
        victim: the label that must name what is hit.
        most: how many alerts there may be at once.
        severity: the values that the label may have.
        record: whether the alert must use what a recording rule of the same file computes.
        avoid: words that the expressions must not contain, by what is wrong with them.
    """

    fires: list[str]
    within: int = 60
    resolve: int = 90
    quiet: list[str] = []
    victim: str = ""
    most: int = 5
    severity: tuple[str, ...] = ("page", "ticket")
    record: bool = False
    avoid: dict[str, str] = {}


class RoutingCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts that arrive together, and what shall become of them.

    Attributes:
        says: the demand, as a sentence.
        alerts: the labels of each.
        receivers: for each of the alerts, who must hear of it; none if it must be held back.
        together: how many messages may be made of all of them, by group.
    """

    says: str
    alerts: list[dict[str, str]]
    receivers: list[list[str]]
    together: int | None = None


class RoutingCheck(_Check, frozen=True, kw_only=True, tag="routing"):
    """The answer is Alertmanager's configuration; real alerts are sent through it."""

    cases: list[RoutingCase]


class FactsCheck(_Check, frozen=True, kw_only=True, tag="facts"):
    """The answer is what a trace tells; question and trace differ by the student's seed."""

    story: Literal["slow", "lost", "redelivered", "linked"]


class CodeCheck(_Check, frozen=True, kw_only=True, tag="code"):
    """The answer is a Python file, run with a real ``prometheus_client`` and looked at from outside."""

    story: Literal["unit", "labels", "buckets"]


class RunbookCheck(_Check, frozen=True, kw_only=True, tag="runbook"):
    """The answer is a page for whoever is woken.

    Attributes:
        sections: the headings that it must have.
        alert: whose runbook it is.
    """

    alert: str
    sections: list[str]


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to break the rule: the text ``old`` of the rule file becomes ``new``."""

    what: str
    old: str
    new: str


class TestsCheck(_Check, frozen=True, kw_only=True, tag="tests"):
    """The answer is a file of promtool tests; they must pass with the rule, and notice each mutant.

    Attributes:
        rules: the file with the rule, beside the exercise; its tests name it.
    """

    __test__ = False  # pytest takes it for a class of tests

    rules: str
    mutants: list[Mutant]


Check = QueryCheck | AlertCheck | RoutingCheck | FactsCheck | CodeCheck | RunbookCheck | TestsCheck


class Exercise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One exercise.

    Attributes:
        name: unique.
        file: what the student edits, below the exercises' folder; a solution of the same name is below
            ``solutions``.
        hints: three, each nearer to the solution.
        beside: other files that the student needs beside it.
    """

    name: str
    title: str
    file: str
    hints: list[str]
    check: Check
    beside: list[str] = []

    @property
    def topic(self) -> str:
        """The folder's name without its number."""
        return self.file.partition("/")[0].partition("_")[2]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All exercises, in the order in which they are done."""

    exercise: list[Exercise]
    welcome: str = ""

    def get(self, name: str) -> Exercise:
        """Return the exercise with this name or number, counted from 1.

        Raises:
            ExerciseError: there is none.
        """
        if name.isdigit() and 0 < int(name) <= len(self.exercise):
            return self.exercise[int(name) - 1]
        for exercise in self.exercise:
            if exercise.name == name:
                return exercise
        raise ExerciseError(f"there is no exercise {name!r}: see `rabbit-chatter exercise list`")

    def number(self, exercise: Exercise) -> int:
        """Return an exercise's number, counted from 1."""
        return self.exercise.index(exercise) + 1


def home() -> Path:
    """Return the folder with what is shipped, in a checkout as well as in an installed package.

    Raises:
        ExerciseError: the installation is incomplete.
    """
    for place in _PLACES:
        if (place / "info.toml").is_file():
            return place
    raise ExerciseError("the exercises are missing from this installation: install rabbit-chatter again")


@lru_cache(maxsize=1)
def manifest() -> Manifest:
    """Return the shipped exercises.

    Raises:
        ExerciseError: the manifest is not as it should be.
    """
    return read_manifest(home() / "info.toml")


def read_manifest(path: Path) -> Manifest:
    """Return the exercises of a file; see :func:`manifest`."""
    try:
        found: Any = msgspec.toml.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise ExerciseError(f"{path} cannot be read: {error}") from error
    assert isinstance(found, Manifest)
    return found
