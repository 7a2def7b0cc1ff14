"""What ELIZA knows: keywords, rules and phrases, read from a script in TOML."""

import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rabbit_chatter.dialects.options import explain
from rabbit_chatter.errors import DialectError

OWN = Path(__file__).with_name("script.toml")

Phrases = Annotated[tuple[str, ...], Field(min_length=1)]
_STRICT = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))
_PART = re.compile(r"\((\d+)\)")


class Rule(BaseModel):
    """How a sentence is taken apart, and how its parts are put together.

    Attributes:
        pattern: words; ``*`` is any number of them, ``@group`` one of a group. ``*`` and ``@`` are the parts.
        answers: used in turn. ``(1)`` is the first part, turned around; ``=word`` goes on with that keyword's
            rules, and ``newkey`` with the next keyword's.
    """

    model_config = _STRICT

    pattern: str
    answers: Phrases

    @property
    def parts(self) -> int:
        """How many parts the pattern makes."""
        return sum(word == "*" or word.startswith("@") for word in self.pattern.split())


class Keyword(BaseModel):
    """A word that ELIZA listens for; that of the highest rank decides."""

    model_config = _STRICT

    words: Phrases
    rank: int = 0
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]


class Script(BaseModel):
    """All that ELIZA knows."""

    model_config = _STRICT

    greetings: Phrases
    tweets: Phrases
    quit: Phrases
    none: Phrases
    reflections: dict[str, str]
    groups: dict[str, Phrases] = {}
    memory: Rule
    keywords: tuple[Keyword, ...]

    @cached_property
    def by_word(self) -> dict[str, Keyword]:
        """The keyword behind each word."""
        return {word: keyword for keyword in self.keywords for word in keyword.words}

    @cached_property
    def patterns(self) -> dict[str, re.Pattern[str]]:
        """Each rule's pattern as an expression over a sentence of words with one blank between them."""
        rules = [self.memory, *(rule for keyword in self.keywords for rule in keyword.rules)]
        return {rule.pattern: self._compiled(rule.pattern) for rule in rules}

    def _compiled(self, pattern: str) -> re.Pattern[str]:
        expression = ""
        for word in pattern.split():
            if word == "*":
                expression += r"( .*?|)"
            elif word.startswith("@"):
                expression += f" ({'|'.join(map(re.escape, self.groups[word[1:]]))})"
            else:
                expression += f" {re.escape(word)}"
        return re.compile(expression)

    @model_validator(mode="after")
    def _is_consistent(self) -> "Script":
        for rule in (self.memory, *(rule for keyword in self.keywords for rule in keyword.rules)):
            for word in rule.pattern.split():
                if word.startswith("@") and word[1:] not in self.groups:
                    raise ValueError(f"pattern {rule.pattern!r}: there is no group {word!r}")
            for answer in rule.answers:
                if any(not 1 <= int(number) <= rule.parts for number in _PART.findall(answer)):
                    raise ValueError(f"pattern {rule.pattern!r} has {rule.parts} parts: {answer!r}")
                if answer.startswith("=") and answer[1:] not in self.by_word:
                    raise ValueError(f"pattern {rule.pattern!r}: there is no keyword {answer[1:]!r}")
        return self

    @staticmethod
    def fits(answer: str, parts: tuple[str, ...]) -> bool:
        """Return whether no part that ``answer`` repeats is empty."""
        return all(parts[int(number) - 1].strip() for number in _PART.findall(answer))

    def filled(self, answer: str, parts: tuple[str, ...]) -> str:
        """Return ``answer`` with the parts of a sentence in their places, seen from the other side."""
        return _PART.sub(lambda place: self.reflected(parts[int(place[1]) - 1]), answer)

    def reflected(self, words: str) -> str:
        """Return ``words`` with each pronoun turned around."""
        return " ".join(self.reflections.get(word, word) for word in words.split())


def read(file: Path) -> Script:
    """Return the script in ``file``.

    Raises:
        DialectError: it cannot be read, or breaks a rule; what is wrong is named.
    """
    try:
        return Script.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DialectError(f"dialect eliza: script {file}: {error}") from error
    except ValidationError as error:
        raise DialectError("\n".join(explain(error, Script, f"dialect eliza: script {file}"))) from error
