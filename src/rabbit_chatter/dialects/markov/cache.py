"""Trained chains on disk, so that the same text is learnt once.

A chain repeats pieces of its text, which may be private: only the user can read the folder. It is kept in
many short lines, because decoding a large document at once would hold up all bots of the process.
"""

import hashlib
import os
from itertools import islice
from pathlib import Path

import msgspec
import structlog

from rabbit_chatter.dialects.markov.chain import Chain, Followers

_FORMAT = "1"  # of what is kept; another one is trained again
_MOST_FILES = 20
_STATES_A_LINE = 500

log = structlog.get_logger()

_decoder = msgspec.json.Decoder(dict[str, Followers])


class Cache:
    """Chains by what they were trained on.

    Args:
        folder: where they are; made when needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self, corpus: Path, order: int, most_words: int) -> str:
        """Return a name for what ``corpus`` teaches; it changes with every byte of it."""
        with corpus.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"markov-{_FORMAT}-{order}-{most_words}-{digest[:32]}.jsonl"

    def read(self, key: str, order: int) -> Chain | None:
        """Return the chain called ``key``, or ``None``: there is none, or it cannot be read."""
        states: dict[str, Followers] = {}
        try:
            with (self._folder / key).open("rb") as file:
                for line in file:
                    states |= _decoder.decode(line)
            (self._folder / key).touch()
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.warning("markov.cache_unreadable", file=str(self._folder / key), error=str(error))
            return None
        return Chain(order, states)

    def write(self, key: str, chain: Chain) -> None:
        """Keep ``chain``; where that cannot be, it is trained again next time."""
        unfinished = self._folder / f"{key}.{os.getpid()}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                states = iter(chain.states.items())
                while some := dict(islice(states, _STATES_A_LINE)):
                    file.write(msgspec.json.encode(some) + b"\n")
            unfinished.replace(self._folder / key)
            self._forget_oldest()
        except OSError as error:
            log.warning("markov.not_cached", folder=str(self._folder), error=str(error))

    def _forget_oldest(self) -> None:
        files = sorted(self._folder.glob("markov-*"), key=lambda file: file.stat().st_mtime)
        for file in files[:-_MOST_FILES]:
            file.unlink(missing_ok=True)
