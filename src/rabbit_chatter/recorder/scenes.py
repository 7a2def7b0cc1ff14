"""What is recorded: scenes as data, from ``exercises/scenes.toml``."""

from pathlib import Path
from typing import Literal

import msgspec

from rabbit_chatter.errors import RecordingError
from rabbit_chatter.recordings.recording import Kind

Verb = Literal["incident", "stop", "kill", "start", "pause", "resume", "scale", "rabbitmqctl"]


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that is done to the network.

    Attributes:
        at: seconds after the trouble begins; less than 0 is before.
        do: ``incident`` starts one until the cause is cleared; ``stop``, ``kill`` (nobody says goodbye),
            ``start``, ``pause`` and ``resume`` act on a process, ``scale`` on the bots, ``rabbitmqctl`` on
            the broker.
        what: the incident, the process, the number of bots, or rabbitmqctl's words.
    """

    at: int
    do: Verb
    what: str


class Scene(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One recording to be made.

    Attributes:
        warm_up: seconds before the recording begins.
        lead: seconds of the recording before the trouble; ``hold``, ``recovery``: while, and after it.
        victims: by label, a PromQL query that finds what is hit, asked just before the cause is cleared.
    """

    name: str
    title: str
    kind: Kind
    bots: int = 20
    tempo: float = 1.0
    dialect: str = "gibberish"
    warm_up: int = 75
    lead: int = 75
    hold: int = 120
    recovery: int = 120
    acts: list[Act] = []
    victims: dict[str, str] = {}

    @property
    def length(self) -> int:
        """Seconds from the first sample to the last."""
        return self.lead if self.kind == "healthy" else self.lead + self.hold + self.recovery


class _File(msgspec.Struct, forbid_unknown_fields=True):
    scene: list[Scene]


def read_scenes(path: Path) -> dict[str, Scene]:
    """Return the scenes of a file, by name.

    Raises:
        RecordingError: the file is missing or not as it should be.
    """
    try:
        scenes = msgspec.toml.decode(path.read_bytes(), type=_File).scene
    except (OSError, msgspec.MsgspecError) as error:
        raise RecordingError(f"{path} cannot be read: {error}") from error
    return {scene.name: scene for scene in scenes}
