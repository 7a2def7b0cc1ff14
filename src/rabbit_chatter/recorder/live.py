"""An exercise against the network that runs: a real incident, and the same judgement of what was seen."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rabbit_chatter.errors import RecordingError
from rabbit_chatter.exercises.check_alert import Bench, check_alert
from rabbit_chatter.exercises.manifest import AlertCheck, Exercise
from rabbit_chatter.exercises.student import Unreadable
from rabbit_chatter.exercises.verdict import Verdict, refused
from rabbit_chatter.recorder.scenes import read_scenes
from rabbit_chatter.recorder.stage import Stage
from rabbit_chatter.recordings.library import Library


@dataclass(frozen=True)
class LiveCheck:
    """A check against a running network.

    Args:
        home: the shipped exercises.
        network: the folder in which `up` keeps its state.
        say: tells people how far it is.
    """

    home: Path
    network: Path
    say: Callable[[str], None]

    def check(self, exercise: Exercise, answer: Path) -> Verdict:
        """Play the exercise's first incident on the running network, and judge the rule by what was seen.

        Raises:
            RecordingError: nothing runs, or the exercise has no incident.
        """
        if not isinstance(exercise.check, AlertCheck):
            raise RecordingError(
                f"{exercise.name} is no alert: only those are checked against a running network"
            )
        begin = time.monotonic()
        scene = read_scenes(self.home / "scenes.toml")[exercise.check.fires[0]]
        minutes = scene.length / 60
        self.say(f"{scene.title} Then it ends. This takes {minutes:.0f} minutes.")
        seen = Stage.running(scene, self.network, self).play(time.time())
        with tempfile.TemporaryDirectory(prefix="rabbit-chatter-live-") as folder:
            bench = Bench.of(exercise.check, Library(self.home / "recordings"), Path(folder))
            try:
                judged = check_alert(answer, replace(bench, fires=[seen]))
            except Unreadable as reason:
                return refused(exercise.name, str(reason))
        return Verdict(exercise.name, judged.findings, judged.timelines, time.monotonic() - begin)

    def waiting(self, what: str) -> None:
        """Say nothing of what is under way."""

    def done(self, what: str, seconds: float) -> None:
        """Say nothing of what is done."""

    def note(self, what: str) -> None:
        """Tell people what happens."""
        self.say(what)
