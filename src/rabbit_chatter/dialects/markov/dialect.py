"""The dialect: some walks along the chain, of which the one that suits best is said."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from rabbit_chatter.dialects import Dialect, Line
from rabbit_chatter.dialects.markov.cache import Cache
from rabbit_chatter.dialects.markov.chain import Chain
from rabbit_chatter.errors import DialectError
from rabbit_chatter.settings import DialectSettings

OWN = Path(__file__).with_name("corpus.txt")

_LONGEST_SENTENCE = 40
_LONGEST_WORD = 40
_LONGEST_LINE = 65_536
_WALKS = 6
_HEARD = 400
_REMEMBERED_LINES = 10
_WORD = re.compile(r"\w{3,}")


class Markov(Dialect):
    """Talks in a Markov chain of words, trained on any text file."""

    class Options(Dialect.Options):
        """What it is trained on."""

        corpus: Path | None = Field(None, description="a text file, UTF-8; a small one of ours if left out")
        order: int = Field(2, ge=1, le=4, description="words that decide about the next; more sound truer")
        words: int = Field(300_000, ge=100, le=5_000_000, description="words of the file that are learnt")

    options: Options
    shared: Chain

    @classmethod
    async def prepare(cls, options: Options) -> Chain:
        """Train the chain, or read it from the cache; in a thread, so that no bot waits."""
        return await asyncio.to_thread(_learn, options, Cache(DialectSettings().cache))

    async def open(self, partner: str) -> str:
        """Call ``partner``, and say something."""
        return f"{partner.capitalize()}, {self._sentence()}"

    async def tweet(self) -> str:
        """Say something."""
        return self._sentence()

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Of some sentences, say the one that shares most words with what was heard, and is no repetition."""
        words = _words(heard[:_HEARD])
        before = {heard, *(line.text for line in history[-_REMEMBERED_LINES:])}
        walks = [self._sentence() for _ in range(_WALKS)]
        return max(walks, key=lambda walk: (walk not in before, len(words & _words(walk))))

    def _sentence(self) -> str:
        return self.shared.walk(self.persona.rng, _LONGEST_SENTENCE)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _learn(options: Markov.Options, cache: Cache) -> Chain:
    corpus = options.corpus or OWN
    try:
        key = cache.key(corpus, options.order, options.words)
        known = cache.read(key, options.order)
        if known is not None:
            return known
        chain = Chain.trained(_lines(corpus), options.order, options.words)
    except OSError as error:
        raise DialectError(f"dialect markov: corpus {corpus}: {error.strerror or error}") from error
    if not chain.states:
        raise DialectError(f"dialect markov: corpus {corpus} has no words: name a text file")
    cache.write(key, chain)
    return chain


def _lines(corpus: Path) -> Iterator[str]:
    """Yield a file's lines, those without an end in pieces, and no word longer than a bot would say."""
    with corpus.open(encoding="utf-8", errors="replace") as file:
        while line := file.readline(_LONGEST_LINE):
            if "\0" in line:
                raise DialectError(f"dialect markov: corpus {corpus} is no text: name a text file")
            yield " ".join(word[:_LONGEST_WORD] for word in line.split())
