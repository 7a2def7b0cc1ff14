"""The check of what a student found in a trace: fact by fact."""

from pathlib import Path

import msgspec

from rabbit_chatter.exercises.manifest import FactsCheck
from rabbit_chatter.exercises.student import Unreadable, read_yaml
from rabbit_chatter.exercises.traces import story_of
from rabbit_chatter.exercises.verdict import Finding

_OFF = 0.1  # how far a number of seconds may be off, as a share of it


class _Seed(msgspec.Struct):
    seed: int = 0


def check_facts(answer: Path, check: FactsCheck) -> list[Finding]:
    """Return what is said of the facts in ``answer``; see :func:`check_alert`."""
    content = read_yaml(answer)
    if not isinstance(content, dict):
        raise Unreadable(f"{answer.name} has no lines such as `bot: merryotter`")
    facts = story_of(check, seed_of(answer)).facts
    return [_judged(name, content.get(name), fact) for name, fact in facts.items()]


def seed_of(answer: Path) -> int:
    """Return the seed of the student in whose folder ``answer`` is; 0 where nobody's folder is."""
    try:
        return msgspec.json.decode((answer.parent.parent / ".progress.json").read_bytes(), type=_Seed).seed
    except (OSError, msgspec.MsgspecError):
        return 0


def solution_for(answer: Path, check: FactsCheck) -> str:
    """Return the right answer for the student in whose folder ``answer`` is."""
    facts = story_of(check, seed_of(answer)).facts
    return "".join(
        f"{name}: {fact if isinstance(fact, str) else round(fact, 3)}\n" for name, fact in facts.items()
    )


def _judged(name: str, given: object, fact: str | float) -> Finding:
    if given is None or str(given).strip().upper() in {"", "TODO"}:
        return Finding(good=False, text=f"{name}: not answered yet")
    if isinstance(fact, str):
        good = str(given).strip().lower() == fact.lower()
        return Finding(good, f"{name}: {given}" + ("" if good else " is not right"))
    try:
        number = float(str(given).strip().removesuffix("s"))
    except ValueError:
        return Finding(good=False, text=f"{name}: {given} is no number")
    good = abs(number - fact) <= _OFF * fact
    return Finding(good, f"{name}: {given}" + ("" if good else " is not right"))
