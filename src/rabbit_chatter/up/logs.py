"""What the local processes wrote, each line with the name of its process."""

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_POLL_SECONDS = 0.3


def last_lines(file: Path, count: int) -> list[str]:
    """Return the last ``count`` lines of ``file``; none if it does not exist."""
    if not file.exists():
        return []
    with file.open(errors="replace") as lines:
        return [line.rstrip("\n") for line in deque(lines, maxlen=count)]


def follow(files: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """Return ``(name, line)`` for every line that is written from now on, without end.

    Args:
        files: by name; a file may appear later, and may begin anew when it was full.
    """
    return _follow(files, {name: _size(file) for name, file in files.items()})


def _follow(files: dict[str, Path], positions: dict[str, int]) -> Iterator[tuple[str, str]]:
    rests = dict.fromkeys(files, b"")
    while True:
        quiet = True
        for name, file in files.items():
            if _size(file) < positions[name]:
                positions[name] = 0
            if _size(file) > positions[name]:
                quiet = False
                with file.open("rb") as stream:
                    stream.seek(positions[name])
                    *lines, rests[name] = (rests[name] + stream.read(1 << 20)).split(b"\n")
                    positions[name] = stream.tell()
                yield from ((name, line.decode(errors="replace")) for line in lines)
        if quiet:
            time.sleep(_POLL_SECONDS)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
