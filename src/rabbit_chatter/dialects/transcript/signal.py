"""Signal, as signal-export writes it (``data.json``): a JSON object a line, with ``sender`` and ``body``.

The program is https://github.com/carderne/signal-export.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from rabbit_chatter.dialects.transcript.said import LONGEST_LINE, LONGEST_TEXT, Broken, Said


class _Line(msgspec.Struct):
    sender: str
    body: str


_decoder = msgspec.json.Decoder(_Line)


def read(file: Path, broken: Broken) -> Iterator[Said]:
    """Yield the messages that have a text."""
    with file.open("rb") as lines:
        number = 0
        while line := lines.readline(LONGEST_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                found = _decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                broken.skip(number, str(error))
            else:
                if found.body.strip():
                    yield Said("", found.sender, found.body[:LONGEST_TEXT])
