"""What a running network leaves on disk, so that `status`, `logs` and `down` find it again."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

from rabbit_chatter.up.options import UpOptions

_NAME = "run.json"


@dataclass(frozen=True)
class Record:
    """One run.

    Attributes:
        options: what was asked for; all ports known.
        mark: carried by every process of this run.
        supervisor: supervisord's process id; 0 until it runs.
        started: when that process started, in seconds since 1970, so that it is not mistaken for another.
        more: processes of bots that were added later, and the port of each.
        scaled: bots there shall be in all processes together, if not as many as ``options`` say.
    """

    options: UpOptions
    mark: str
    supervisor: int = 0
    started: float = 0.0
    more: dict[str, int] = field(default_factory=dict)
    scaled: int | None = None

    @property
    def bots(self) -> int:
        """How many bots there shall be, in all processes together."""
        return self.options.bots if self.scaled is None else self.scaled

    @classmethod
    def new(cls, options: UpOptions) -> "Record":
        """Return a record with a fresh mark."""
        return cls(options, secrets.token_hex(16))

    @classmethod
    def read(cls, folder: Path) -> "Record | None":
        """Return the record in ``folder``, or ``None``: nothing runs there that `up` started."""
        try:
            return msgspec.json.decode((folder / _NAME).read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, folder: Path) -> None:
        """Keep this record in ``folder``."""
        (folder / _NAME).write_bytes(msgspec.json.encode(self))

    def supervisor_process(self) -> psutil.Process | None:
        """Return supervisord, or ``None`` if it has ended."""
        try:
            process = psutil.Process(self.supervisor)
            same = self.supervisor > 0 and abs(process.create_time() - self.started) < 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def forget(folder: Path) -> None:
    """Remove the record: nothing of that run is left."""
    (folder / _NAME).unlink(missing_ok=True)
