"""Pronounceable nonsense: syllables, words, sentences, all from the persona's own dice."""

import random
from collections.abc import Sequence

from pydantic import Field

from rabbit_chatter.dialects import Dialect, Line

_ONSETS = "b bl br d dr f fl g gr h k kl l m n p pl r s sk sn st t tr v w z zw".split()
_VOWELS = "a e i o u oo ee ai".split()
_CODAS = ["", "", "", *"b g k l m n p r sh t x ff".split()]


class Gibberish(Dialect):
    """Talks in invented words and keeps to a vocabulary of its own, as people do."""

    class Options(Dialect.Options):
        """How it babbles."""

        words: int = Field(12, ge=1, le=1000, description="size of a bot's vocabulary")

    options: Options

    def set_up(self) -> None:
        """Invent the bot's own words."""
        self._rng = self.persona.rng
        self._words = tuple(_word(self._rng) for _ in range(self.options.words))

    async def open(self, partner: str) -> str:
        """Call ``partner`` and ask something."""
        return f"{partner.capitalize()}! {self._sentence('?')}"

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:  # noqa: ARG002 - the protocol's
        """Take up a word of the partner's and add one or two sentences."""
        taken = [word.strip("?!.,").lower()[:20] for word in heard.split()]
        word = self._rng.choice(taken) if taken else _word(self._rng)
        first = f"{word.capitalize()}? " if word and self._rng.random() < 0.5 else ""
        return first + " ".join(
            self._sentence(self._rng.choice("..!?")) for _ in range(self._rng.randint(1, 2))
        )

    async def tweet(self) -> str:
        """Tell one sentence, with a tag."""
        return f"{self._sentence('.')} #{self._rng.choice(self._words)}"

    def _sentence(self, end: str) -> str:
        count = self._rng.randint(3, 8)
        words = [
            self._rng.choice(self._words) if self._rng.random() < 0.7 else _word(self._rng)
            for _ in range(count)
        ]
        return " ".join(words).capitalize() + end


def _word(rng: random.Random) -> str:
    return "".join(
        rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.randint(1, 3))
    )
