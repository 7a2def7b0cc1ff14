"""What is said of an answer: sentences, each true or not, and the picture beside them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        good: whether it is as it should be.
        text: a sentence, in the past tense and with times.
        weight: how much it counts in the score; 0 is advice, which decides nothing.
    """

    good: bool
    text: str
    weight: int = 1


def either(good: bool, yes: str, no: str, weight: int = 1) -> Finding:  # noqa: FBT001 - it is what is judged
    """Return a finding that says ``yes`` if it is good, and ``no`` if not."""
    return Finding(good, yes if good else no, weight)


@dataclass(frozen=True)
class Timeline:
    """What one answer's alerts did in one recording, one number per scrape.

    Attributes:
        recording: its name; ``title`` says what it is of.
        expected: whether an alert should fire in it.
        firing: how many alerts fired.
        pending: how many waited for their ``for`` to pass.
        inject: seconds until the trouble began, or ``None``; ``clear``: until its cause was gone.
    """

    recording: str
    title: str
    expected: bool
    interval: int
    firing: list[int]
    pending: list[int]
    inject: int | None = None
    clear: int | None = None

    def times(self) -> list[int]:
        """Return the seconds at which something fired."""
        return [index * self.interval for index, count in enumerate(self.firing) if count]


@dataclass(frozen=True)
class Verdict:
    """All that is said of one answer.

    Attributes:
        exercise: its name.
        findings: in the order in which they are told.
        timelines: of an alert rule; those that matter most come first.
        seconds: how long the check took.
    """

    exercise: str
    findings: list[Finding]
    timelines: list[Timeline] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether all that counts is good."""
        counted = [finding for finding in self.findings if finding.weight]
        return bool(counted) and all(finding.good for finding in counted)

    @property
    def score(self) -> int:
        """Percent of what counts that is good; 100 only if all is."""
        total = sum(finding.weight for finding in self.findings)
        good = sum(finding.weight for finding in self.findings if finding.good)
        return 100 if self.passed else min(99, 100 * good // total) if total else 0

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "exercise": self.exercise,
            "passed": self.passed,
            "score": self.score,
            "seconds": round(self.seconds, 3),
            "findings": [{"good": f.good, "text": f.text, "weight": f.weight} for f in self.findings],
            "timelines": [vars(timeline) for timeline in self.timelines],
        }


def refused(exercise: str, reason: str) -> Verdict:
    """Return the verdict on what cannot be judged."""
    return Verdict(exercise, [Finding(good=False, text=reason)])
