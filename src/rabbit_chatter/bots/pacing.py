"""How long people take: reading, typing, and being alone between two conversations.

Real people type some 40 words a minute (Dhakal et al., "Observations on Typing from 136 Million
Keystrokes", CHI 2018, report a mean of 52). A class would wait too long for that, so at tempo 1 our bots
are about eight times as fast as people, and ``--tempo`` changes it.
"""

import random
from dataclasses import dataclass

_WORDS_READ_PER_SECOND = 20.0
_CHARACTERS_TYPED_PER_SECOND = 35.0
_NOTICE_SECONDS = 0.3
_LONELY_SECONDS = 6.0
_TWEET_SECONDS = 30.0
_LONGEST_SECONDS = 8.0  # for one act: a stranger's text may be very long
_TYPICAL_TEXT = "x" * 45 + " x" * 8  # what `gibberish` says on average


@dataclass(frozen=True)
class Pace:
    """One bot's speed.

    Attributes:
        tempo: 2 is twice as fast as 1.
        rng: where the variation comes from.
    """

    tempo: float
    rng: random.Random

    def reading(self, text: str) -> float:
        """Return seconds to notice and read ``text``."""
        return self._vary(min(_NOTICE_SECONDS + len(text.split()) / _WORDS_READ_PER_SECOND, _LONGEST_SECONDS))

    def typing(self, text: str) -> float:
        """Return seconds to type ``text``."""
        return self._vary(min(len(text) / _CHARACTERS_TYPED_PER_SECOND, _LONGEST_SECONDS))

    def lonely(self) -> float:
        """Return seconds until a bot looks for company."""
        return self._vary(_LONELY_SECONDS)

    def until_tweet(self) -> float:
        """Return seconds until the next tweet."""
        return self._vary(_TWEET_SECONDS)

    def _vary(self, seconds: float) -> float:
        return seconds * self.rng.uniform(0.5, 1.5) / self.tempo


def expected_rate(bots: int, conversations: int, tempo: float) -> float:
    """Return messages per second that a population should publish.

    Args:
        bots: how many there are; each tweets.
        conversations: how many they take part in; in each, a bot says every second message.
        tempo: as in :class:`Pace`.
    """
    turn = _NOTICE_SECONDS + len(_TYPICAL_TEXT.split()) / _WORDS_READ_PER_SECOND
    turn += len(_TYPICAL_TEXT) / _CHARACTERS_TYPED_PER_SECOND
    return tempo * (conversations / (2 * turn) + bots / _TWEET_SECONDS)
