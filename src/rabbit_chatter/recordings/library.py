"""All recordings of a folder."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from rabbit_chatter.errors import RecordingError
from rabbit_chatter.recordings.recording import SUFFIX, Recording


class Library:
    """The recordings in ``folder``, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the names of all recordings."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*{SUFFIX}"))

    def get(self, name: str) -> Recording:
        """Return a recording.

        Raises:
            RecordingError: there is none of that name, or it is damaged.
        """
        if name not in self.names():
            raise RecordingError(f"there is no recording {name!r} in {self.folder}")
        return _read(self.folder / f"{name}{SUFFIX}")

    def some(self, names: Iterable[str]) -> list[Recording]:
        """Return these recordings, in this order."""
        return [self.get(name) for name in names]

    def all(self) -> Iterator[Recording]:
        """Yield every recording."""
        for name in self.names():
            yield self.get(name)

    def metrics(self) -> set[str]:
        """Return the names of all metrics in any of them."""
        return {metric for recording in self.all() for metric in recording.metrics}


@lru_cache(maxsize=256)
def _read(path: Path) -> Recording:
    return Recording.read(path)
