"""Watch mode: save the file, see the verdict."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

_POLL_SECONDS = 0.2


def changes(file: Callable[[], Path | None]) -> Iterator[Path]:
    """Yield the file of the current exercise at once, and again whenever it was saved or is another one.

    A look at one file's time five times a second needs no library and works on every file system, shared
    folders of virtual machines included.

    Args:
        file: says which file is to be watched now; ``None`` ends it.
    """
    before: tuple[Path, int, int] | None = None
    while (path := file()) is not None:
        now = _state(path)
        if now != before:
            before = now
            yield path
        else:
            time.sleep(_POLL_SECONDS)


def _state(path: Path) -> tuple[Path, int, int]:
    try:
        status = path.stat()
    except OSError:
        return path, 0, 0
    return path, status.st_mtime_ns, status.st_size
