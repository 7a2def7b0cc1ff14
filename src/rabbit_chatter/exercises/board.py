"""What the chat server's page shows of a student's folder, in files that it can read without the grader.

It reads ``.page.json`` and ``.verdicts/NAME.json``; their form is in ``rabbit_chatter.server.exercises``.
That one cannot be written stops nobody from learning.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from rabbit_chatter.exercises.verdict import Verdict

_OVERVIEW = ".page.json"
_VERDICTS = ".verdicts"


def show(folder: Path, standings: Sequence[Mapping[str, Any]], latest: str) -> None:
    """Write how far the student is with each exercise.

    Args:
        folder: the student's.
        standings: name, title, topic, state, score, hints, and out of how many.
        latest: whose answer was checked last, or nothing.
    """
    _write(folder / _OVERVIEW, {"exercises": standings, "latest": latest or None})


def keep(folder: Path, verdict: Verdict) -> None:
    """Write what was said of an answer."""
    checked = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    _write(folder / _VERDICTS / f"{verdict.exercise}.json", {**verdict.as_json(), "checked": checked})


def _write(file: Path, content: Mapping[str, Any]) -> None:
    """Write a file whole or not at all: it is read all the time."""
    fresh = file.with_name(f"{file.name}.{time.monotonic_ns()}")
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        fresh.write_bytes(msgspec.json.encode(content))
        fresh.replace(file)
