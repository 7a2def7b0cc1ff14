"""A bounded part of an export: stretches of conversations, chosen fairly, and a way to find a reply."""

import random
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from rabbit_chatter.dialects.transcript.pseudonyms import Pseudonyms
from rabbit_chatter.dialects.transcript.said import LONGEST_TEXT, Said

_STRETCH = 24  # turns of one conversation that stay together
_OPEN_CHATS = 500  # conversations that an export may tell at the same time
_MOST_NAMES = 10_000
_MOST_PLACES = 50  # of one word
_WORD = re.compile(r"\w{4,}")


class Turn(NamedTuple):
    """All that somebody said before somebody else did."""

    speaker: str
    text: str


class Sample:
    """Keeps as many stretches as it may, each with the same chance, whatever the length of the file.

    The method is reservoir sampling: J. S. Vitter, "Random Sampling with a Reservoir", ACM Transactions on
    Mathematical Software 11 (1985), algorithm R.

    Args:
        turns: how many are kept, about.
        rng: decides which.
    """

    def __init__(self, turns: int, rng: random.Random) -> None:
        self._room = max(1, turns // _STRETCH)
        self._rng = rng
        self._open: OrderedDict[str, list[Turn]] = OrderedDict()
        self._seen = 0
        self.messages = 0
        self.names: set[str] = set()
        self.kept: list[list[Turn]] = []

    def take(self, said: Iterable[Said]) -> None:
        """Read on to the end of ``said``."""
        for message in said:
            self._add(message)
        while self._open:
            self._close(self._open.popitem()[1])

    def _add(self, message: Said) -> None:
        self.messages += 1
        if len(self.names) < _MOST_NAMES:
            self.names.add(message.speaker)
        stretch = self._open.setdefault(message.chat, [])
        self._open.move_to_end(message.chat)
        if stretch and stretch[-1].speaker == message.speaker:
            text = f"{stretch[-1].text}\n{message.text}"[:LONGEST_TEXT]
            stretch[-1] = Turn(message.speaker, text)
        else:
            stretch.append(Turn(message.speaker, message.text))
        if len(stretch) > _STRETCH:
            self._close(stretch[:-1])
            self._open[message.chat] = stretch[-1:]
        if len(self._open) > _OPEN_CHATS:
            self._close(self._open.popitem(last=False)[1])

    def _close(self, stretch: list[Turn]) -> None:
        self._seen += 1
        if len(self.kept) < self._room:
            self.kept.append(stretch)
        elif (place := self._rng.randrange(self._seen)) < self._room:
            self.kept[place] = stretch


class Excerpts:
    """What bots say: turns in their order, found by their text or by a word.

    Args:
        sample: of an export.
        pseudonyms: replace names and numbers; ``None`` leaves them as they are.
    """

    def __init__(self, sample: Sample, pseudonyms: Pseudonyms | None) -> None:
        hide = pseudonyms.hide if pseudonyms else str
        self.stretches = [[hide(turn.text) for turn in stretch] for stretch in sample.kept]
        self.replies: list[str] = []
        self._by_text: dict[str, list[str]] = {}
        self._by_word: dict[str, list[str]] = {}
        for stretch in self.stretches:
            for said, reply in pairwise(stretch):
                self.replies.append(reply)
                self._by_text.setdefault(said, []).append(reply)
                for word in _words(said):
                    places = self._by_word.setdefault(word, [])
                    if len(places) < _MOST_PLACES:
                        places.append(reply)

    @property
    def beginnings(self) -> list[str]:
        """The first turns of all stretches."""
        return [stretch[0] for stretch in self.stretches]

    def continuations(self, heard: str) -> list[str]:
        """Return what followed exactly this in the export."""
        return self._by_text.get(heard, [])

    def akin(self, heard: str) -> list[str]:
        """Return what followed something with the rarest word of ``heard``."""
        found = [self._by_word[word] for word in _words(heard) if word in self._by_word]
        return min(found, key=len, default=[])


def _words(text: str) -> Iterator[str]:
    return iter(dict.fromkeys(_WORD.findall(text[:LONGEST_TEXT].lower())))
