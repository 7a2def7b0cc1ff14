"""The chain: which word follows which, how often, and a walk along it."""

import random
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

BEGIN, END = "", "\n"  # no word is either
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")


class Followers(NamedTuple):
    """What may come next: the words, and the running sum of how often each did."""

    words: list[str]
    sums: list[int]


class Chain:
    """A trained chain.

    Args:
        order: how many words decide about the next.
        states: followers by the words before them, joined by blanks.
    """

    def __init__(self, order: int, states: dict[str, Followers]) -> None:
        self.order = order
        self.states = states

    @classmethod
    def trained(cls, lines: Iterable[str], order: int, most_words: int) -> "Chain":
        """Return what the first ``most_words`` words of ``lines`` teach."""
        counts: dict[str, Counter[str]] = {}
        learnt = 0
        for sentence in sentences(lines):
            window = [BEGIN] * order
            for word in [*sentence, END]:
                counts.setdefault(" ".join(window), Counter())[word] += 1
                window = [*window[1:], word]
            learnt += len(sentence)
            if learnt >= most_words:
                break
        states = {state: Followers(list(c), list(accumulate(c.values()))) for state, c in counts.items()}
        return cls(order, states)

    def walk(self, rng: random.Random, longest: int) -> str:
        """Return a sentence of at most ``longest`` words; every word's dice are ``rng``."""
        window, said = [BEGIN] * self.order, list[str]()
        while len(said) < longest:
            words, sums = self.states[" ".join(window)]
            word = words[bisect(sums, rng.random() * sums[-1])]
            if word == END:
                break
            said.append(word)
            window = [*window[1:], word]
        return " ".join(said)


def sentences(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of each sentence; none goes beyond its line."""
    for line in lines:
        for sentence in _SENTENCE.findall(line):
            if words := sentence.split():
                yield words
