"""ELIZA's procedure; what it knows is in :mod:`rabbit_chatter.dialects.eliza.script`."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from rabbit_chatter.dialects import Dialect, Line
from rabbit_chatter.dialects.eliza.script import OWN, Keyword, Rule, Script, read

_LONGEST_HEARD = 500
_REMEMBERED_LINES = 20
_MOST_JUMPS = 5  # a script may send us round in circles
_WORD = re.compile(r"\w[\w']*")
_CLAUSE = re.compile(r"[.,;:!?\n]+|\bbut\b")


class Eliza(Dialect):
    """Answers like Weizenbaum's ELIZA of 1966: it turns what it hears around and asks back."""

    class Options(Dialect.Options):
        """What it knows."""

        script: Path | None = Field(None, description="a script in TOML; the built-in one if left out")

    options: Options
    shared: Script

    @classmethod
    async def prepare(cls, options: Options) -> Script:
        """Read the script."""
        return await asyncio.to_thread(read, options.script or OWN)

    def set_up(self) -> None:
        """Begin with no phrase used yet."""
        self._used: Counter[str] = Counter()

    async def open(self, partner: str) -> str:
        """Greet ``partner``."""
        return self.persona.rng.choice(self.shared.greetings).format(partner=partner.capitalize())

    async def tweet(self) -> str:
        """Ask everybody."""
        return self.persona.rng.choice(self.shared.tweets)

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Answer the first clause with a keyword; without one, come back to something said before."""
        script = self.shared
        clauses = list(_clauses(heard))
        if any(clause.strip() in script.quit for clause in clauses):
            return None
        for clause in clauses:
            if keys := _keys(clause, script):
                if answer := self._by_keywords(keys, clause):
                    return answer
                break
        memories = [] if self._is_question(heard) else list(self._memories(history))
        if memories:
            return _sentence(self._next("memory", memories))
        return _sentence(self._next("none", script.none))

    def _by_keywords(self, keys: Sequence[Keyword], clause: str) -> str | None:
        for key in keys:
            answer = self._by_rules(key, clause)
            if answer is not None:
                return _sentence(answer)
        return None

    def _by_rules(self, key: Keyword, clause: str) -> str | None:
        """Return what ``key``'s rules make of ``clause``, or ``None``: try the next keyword."""
        for _ in range(_MOST_JUMPS):
            found = self._first_match(key, clause)
            if found is None:
                return None
            rule, parts = found
            sayable = [text for text in rule.answers if self.shared.fits(text, parts)] or ["newkey"]
            answer = self._next(f"{key.words[0]} {rule.pattern}", sayable)
            if answer == "newkey":
                return None
            if not answer.startswith("="):
                return self.shared.filled(answer, parts)
            key = self.shared.by_word[answer[1:]]
        return None

    def _first_match(self, key: Keyword, clause: str) -> tuple[Rule, tuple[str, ...]] | None:
        for rule in key.rules:
            if found := self.shared.patterns[rule.pattern].fullmatch(clause):
                return rule, tuple(found.groups())
        return None

    def _memories(self, history: Sequence[Line]) -> Iterator[str]:
        """Yield what can be said about what the partner once said."""
        memory = self.shared.memory
        for line in history[-_REMEMBERED_LINES:]:
            if line.speaker != self.persona.name:
                for clause in _clauses(line.text):
                    if found := self.shared.patterns[memory.pattern].fullmatch(clause):
                        yield from (self.shared.filled(text, found.groups()) for text in memory.answers)

    def _next(self, place: str, phrases: Sequence[str]) -> str:
        """Return the next of ``phrases``: they take turns, as in the original, but bots begin differently."""
        if place not in self._used:
            self._used[place] = self.persona.rng.randrange(len(phrases))
        self._used[place] += 1
        return phrases[(self._used[place] - 1) % len(phrases)]

    def _is_question(self, heard: str) -> bool:
        return heard.rstrip()[-1:] == "?"


def _clauses(text: str) -> Iterator[str]:
    """Yield the clauses of a text, in lower case, each word after one blank."""
    for clause in _CLAUSE.split(text[:_LONGEST_HEARD].lower().replace("\u2019", "'")):
        if words := _WORD.findall(clause):
            yield "".join(f" {word}" for word in words)


def _keys(clause: str, script: Script) -> list[Keyword]:
    """Return the keywords in a clause, the highest rank first and each once."""
    found = dict.fromkeys(word for word in clause.split() if word in script.by_word)
    unique = {id(script.by_word[word]): script.by_word[word] for word in found}
    return sorted(unique.values(), key=lambda keyword: -keyword.rank)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return re.sub(r"\bi\b", "I", text[:1].upper() + text[1:])
