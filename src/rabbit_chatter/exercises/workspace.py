"""The student's folder: where answers are written, kept, and remembered as solved."""

import random
import shutil
import time
from pathlib import Path
from typing import Any

import msgspec

from rabbit_chatter.errors import ExerciseError
from rabbit_chatter.exercises import board
from rabbit_chatter.exercises.manifest import Exercise, Manifest, home
from rabbit_chatter.exercises.traces import write_trace
from rabbit_chatter.exercises.verdict import Verdict

_PROGRESS = ".progress.json"
_BACKUPS = ".backups"
_BACKUPS_KEPT = 50


class Progress(msgspec.Struct):
    """What a student has done so far.

    Attributes:
        seed: makes this student's traces differ from others'.
        solved: names of exercises.
        hints: how many have been shown, by exercise.
        given_up: whose solution was shown before success.
        scores: of the last checks, in percent.
        latest: whose answer was checked last.
    """

    seed: int = 0
    solved: list[str] = []
    hints: dict[str, int] = {}
    given_up: list[str] = []
    scores: dict[str, int] = {}
    latest: str = ""


class Workspace:
    """A student's folder.

    Args:
        folder: made when the first exercise is started.
        manifest: what exercises there are.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @property
    def progress(self) -> Progress:
        """What was done here so far; a damaged file counts as nothing done."""
        try:
            return msgspec.json.decode((self.folder / _PROGRESS).read_bytes(), type=Progress)
        except (OSError, msgspec.MsgspecError):
            return Progress(seed=random.SystemRandom().randrange(1, 1_000_000))

    def remember(self, progress: Progress) -> None:
        """Keep what was done, whole or not at all."""
        self._make()
        fresh = self.folder / f"{_PROGRESS}.{time.monotonic_ns()}"
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(progress)))
        fresh.replace(self.folder / _PROGRESS)
        self._show(progress)

    def answer(self, exercise: Exercise) -> Path:
        """Return where the student writes."""
        return self.folder / exercise.file

    def start(self, exercise: Exercise) -> Path:
        """Put the exercise's file into the folder unless it is there; return where.

        Raises:
            ExerciseError: the folder cannot be written.
        """
        target = self.answer(exercise)
        if not target.exists():
            self._put(exercise)
        return target

    def reset(self, exercise: Exercise) -> Path | None:
        """Put the file there as shipped; return where the student's own is kept now, if there was one.

        Raises:
            ExerciseError: the folder cannot be written, or holds the exercises as shipped.
        """
        self._make()
        target = self.answer(exercise)
        backup = self._backup(target) if target.exists() else None
        self._put(exercise)
        return backup

    def mark_solved(self, exercise: Exercise) -> bool:
        """Remember success; return whether it is new."""
        progress = self.progress
        if exercise.name in progress.solved:
            return False
        progress.solved.append(exercise.name)
        self.remember(progress)
        return True

    def judged(self, exercise: Exercise, verdict: Verdict) -> None:
        """Remember a verdict, and show it on the page; a folder that is no student's is left alone."""
        if verdict.passed:
            self.mark_solved(exercise)
        if not (self.folder / _PROGRESS).exists():
            return
        board.keep(self.folder, verdict)
        progress = self.progress
        progress.scores[exercise.name] = verdict.score
        progress.latest = exercise.name
        self.remember(progress)

    def next_hint(self, exercise: Exercise) -> int:
        """Return the number of the next hint, from 0; the last one again and again."""
        progress = self.progress
        number = progress.hints.get(exercise.name, 0)
        progress.hints[exercise.name] = min(number + 1, len(exercise.hints))
        self.remember(progress)
        return min(number, len(exercise.hints) - 1)

    def may_see_solution(self, exercise: Exercise, *, give_up: bool) -> bool:
        """Return whether the solution may be shown; giving up is remembered."""
        progress = self.progress
        if exercise.name in progress.solved:
            return True
        if give_up and exercise.name not in progress.given_up:
            progress.given_up.append(exercise.name)
            self.remember(progress)
        return give_up

    def current(self) -> Exercise | None:
        """Return the first exercise that is not solved, or ``None``: all are."""
        solved = set(self.progress.solved)
        return next((one for one in self.manifest.exercise if one.name not in solved), None)

    def _put(self, exercise: Exercise) -> None:
        target = self.answer(exercise)
        self._make()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            for name in [Path(exercise.file).name, *exercise.beside]:
                shutil.copyfile(home() / Path(exercise.file).parent / name, target.with_name(name))
        except OSError as error:
            raise ExerciseError(
                f"{target} cannot be written: {error.strerror}; choose another --dir"
            ) from error
        write_trace(exercise, self.progress.seed, target.parent)
        self._show(self.progress)

    def _show(self, progress: Progress) -> None:
        standings = [self._standing(one, progress) for one in self.manifest.exercise]
        board.show(self.folder, standings, progress.latest)

    def _standing(self, exercise: Exercise, progress: Progress) -> dict[str, Any]:
        name = exercise.name
        begun = "started" if self.answer(exercise).exists() else "not yet"
        failed = "given up" if name in progress.given_up else begun
        return {
            "name": name,
            "title": exercise.title,
            "topic": exercise.topic,
            "state": "solved" if name in progress.solved else failed,
            "score": progress.scores.get(name),
            "hints": progress.hints.get(name, 0),
            "hints_of": len(exercise.hints),
        }

    def _make(self) -> None:
        if (self.folder / "info.toml").exists():
            raise ExerciseError(
                f"{self.folder} holds the exercises as shipped; take a folder of your own: --dir my-answers"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExerciseError(
                f"{self.folder} cannot be made: {error.strerror}; choose another --dir"
            ) from error
        if not (self.folder / _PROGRESS).exists():
            (self.folder / _PROGRESS).write_bytes(msgspec.json.encode(self.progress))

    def _backup(self, target: Path) -> Path:
        folder = self.folder / _BACKUPS
        folder.mkdir(exist_ok=True)
        moment = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.monotonic_ns() % 10**6:06d}"
        backup = folder / f"{target.stem}-{moment}{target.suffix}"
        shutil.copyfile(target, backup)
        for old in sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)[:-_BACKUPS_KEPT]:
            old.unlink()
        return backup
