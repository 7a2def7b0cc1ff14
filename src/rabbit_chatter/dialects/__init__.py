"""How bots talk: plug-ins from (persona, history, prompt) to text.

A dialect is a class found through the entry-point group ``rabbit_chatter.dialects``; the built-in ones enter
by the same door as anybody's. One instance serves one bot. It knows nothing of RabbitMQ, pacing or
telemetry: :class:`rabbit_chatter.bots.voice.Voice` goes around it.
"""

import difflib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple, Protocol

from rabbit_chatter.errors import UnknownDialectError

GROUP = "rabbit_chatter.dialects"


class Line(NamedTuple):
    """One line of a conversation's history."""

    speaker: str
    text: str


@dataclass(frozen=True)
class Persona:
    """Who a bot is.

    Attributes:
        name: its name on the network.
        rng: the only source of chance it may use, so that a seed decides what it says.
    """

    name: str
    rng: random.Random = field(compare=False, repr=False)


class Dialect(Protocol):
    """A way to talk. All methods may wait (for a model, a file), and none may block the event loop."""

    def __init__(self, persona: Persona) -> None:
        """Become the voice of ``persona``."""

    async def open(self, partner: str) -> str:
        """Return the first line of a conversation with ``partner``."""

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Return the answer to ``heard``, or ``None`` to end the conversation.

        Args:
            history: what was said so far, oldest first, without ``heard``; bounded by the bot.
            heard: the partner's last line; untrusted.
        """

    async def tweet(self) -> str:
        """Return something to tell everybody."""


def available() -> dict[str, EntryPoint]:
    """Return all installed dialects by name; none is imported yet."""
    return {point.name: point for point in entry_points(group=GROUP)}


def load(name: str) -> type[Dialect]:
    """Import the dialect called ``name``.

    Raises:
        UnknownDialectError: it is not installed, or its plug-in fails to import.
    """
    known = available()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise UnknownDialectError(f"no dialect {name!r}{hint} Installed: {', '.join(sorted(known))}")
    try:
        loaded: type[Dialect] = known[name].load()
    except Exception as error:
        raise UnknownDialectError(
            f"dialect {name!r} ({known[name].value}) fails to import: {error}"
        ) from error
    return loaded


def parse_mix(text: str) -> dict[str, float]:
    """Return weights by dialect from ``eliza=3,gibberish=1``; a name alone weighs 1.

    Raises:
        UnknownDialectError: a part is no ``name`` or ``name=weight``, or a weight is not above 0.
    """
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, weighed, weight = part.partition("=")
        name = name.strip()
        try:
            mix[name] = float(weight) if weighed else 1
        except ValueError:
            mix[name] = 0
        if not name or not 0 < mix[name] < float("inf"):
            raise UnknownDialectError(f"{part!r} is no dialect with a weight, such as echo or echo=2")
    return mix
