"""Many scenes, some at a time."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from rabbit_chatter.errors import ChatterError
from rabbit_chatter.recorder.scenes import Scene
from rabbit_chatter.recorder.stage import Stage
from rabbit_chatter.recordings.recording import SUFFIX


class _Quiet:
    """Progress of one scene: only what people should know."""

    def __init__(self, console: Console, name: str) -> None:
        self._console, self._name = console, name

    def waiting(self, what: str) -> None:
        """Say nothing."""

    def done(self, what: str, seconds: float) -> None:
        """Say nothing."""

    def note(self, what: str) -> None:
        """Print what happens."""
        self._console.print(f"  {self._name:<22} {what}")


def record_all(scenes: list[Scene], folder: Path, parallel: int) -> list[str]:
    """Record ``scenes`` into ``folder``; return the names of those that failed, whose story is printed."""
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, markup=False)

    def play(scene: Scene) -> bool:
        with tempfile.TemporaryDirectory(prefix="rabbit-chatter-record-") as place:
            try:
                recording = Stage.fresh(scene, Path(place), _Quiet(console, scene.name)).record()
            except ChatterError as error:
                console.print(f"✗ {scene.name:<22} {error}")
                return False
        file = folder / f"{scene.name}{SUFFIX}"
        recording.write(file)
        console.print(f"✓ {scene.name:<22} {file.stat().st_size / 1000:.0f} kB")
        return True

    with ThreadPoolExecutor(parallel, thread_name_prefix="scene") as pool:
        results = list(pool.map(play, scenes))
    return [scene.name for scene, done in zip(scenes, results, strict=True) if not done]
