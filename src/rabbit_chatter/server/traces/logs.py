"""Log lines of a trace, where the components write their logs into files of one folder, as under ``up``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

_TAIL_BYTES = 16 * 1024 * 1024  # of each file: some hours of forty bots
_MOST_LINES = 500

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def find_lines(folder: Path, trace_id: str) -> list[dict[str, Any]]:
    """Return the lines of all logs in ``folder`` that carry ``trace_id``, by time; at most some hundred.

    Args:
        folder: holds files called ``*.log``, and ``*.log.1`` for the one before, with a JSON object per
            line; other lines are passed over.
        trace_id: 32 hexadecimal digits.
    """
    mark = trace_id.encode()
    found = [line for file in sorted(folder.glob("*.log*")) for line in _lines(file, mark)]
    found.sort(key=lambda line: str(line.get("timestamp", "")))
    return found[:_MOST_LINES]


def _lines(file: Path, mark: bytes) -> Iterator[dict[str, Any]]:
    try:
        with file.open("rb") as log:
            log.seek(max(file.stat().st_size - _TAIL_BYTES, 0))
            for line in log:
                if mark in line:
                    try:
                        yield {"process": file.name.partition(".")[0], **_decode(line)}
                    except msgspec.DecodeError:
                        continue
    except OSError:  # rotated away just now
        return
