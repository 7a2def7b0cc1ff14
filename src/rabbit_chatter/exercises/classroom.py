"""One student or thirty: all exercises of each checked, some at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rabbit_chatter.errors import ExerciseError
from rabbit_chatter.exercises.grade import Grader
from rabbit_chatter.exercises.manifest import Exercise, Manifest
from rabbit_chatter.exercises.verdict import Verdict, refused

_AT_A_TIME = 3  # each check runs promtool twice at a time, but prepares and reads in between
NOT_BEGUN = "not begun"


@dataclass(frozen=True)
class Classroom:
    """The folders of students.

    Args:
        grader: judges.
        manifest: what exercises there are.
    """

    grader: Grader
    manifest: Manifest

    def students(self, folder: Path) -> dict[str, Path]:
        """Return the students' folders by name: ``folder`` itself if it holds answers, else those in it.

        Raises:
            ExerciseError: there are no answers.
        """
        if self._has_answers(folder):
            return {folder.resolve().name: folder}
        inside = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        if found := {path.name: path for path in inside if self._has_answers(path)}:
            return found
        raise ExerciseError(
            f"{folder} holds no answers, nor does any folder in it: `rabbit-chatter exercise start` makes one"
        )

    def check(
        self, students: dict[str, Path], exercises: list[Exercise], done: Callable[[], None]
    ) -> dict[str, list[Verdict]]:
        """Return the verdicts by student, in the order of the exercises.

        Args:
            students: folders by name.
            exercises: which are checked.
            done: called after each check.
        """

        def one(job: tuple[str, Exercise]) -> tuple[str, Verdict]:
            student, exercise = job
            verdict = self._verdict(exercise, students[student] / exercise.file)
            done()
            return student, verdict

        jobs = [(student, exercise) for student in students for exercise in exercises]
        verdicts: dict[str, list[Verdict]] = {student: [] for student in students}
        with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="check") as pool:
            for student, verdict in pool.map(one, jobs):
                verdicts[student].append(verdict)
        return verdicts

    def _verdict(self, exercise: Exercise, answer: Path) -> Verdict:
        if self.is_untouched(exercise, answer):
            return refused(exercise.name, NOT_BEGUN)
        return self.grader.check(exercise, answer)

    def is_untouched(self, exercise: Exercise, answer: Path) -> bool:
        """Return whether the answer is missing or as shipped, so that nothing need be judged."""
        try:
            return answer.read_bytes() == (self.grader.home / exercise.file).read_bytes()
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _has_answers(self, folder: Path) -> bool:
        return any((folder / exercise.file).is_file() for exercise in self.manifest.exercise)
