"""What a dialect is: the few words that a plug-in has to know."""

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rabbit_chatter.dialects.options import Options as BaseOptions


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
        about: a sentence or two about its character; perhaps none.
    """

    name: str
    rng: random.Random = field(compare=False, repr=False)
    about: str = ""


class Dialect(ABC):
    """A way to talk. Derive a class from it; each instance is the voice of one bot.

    It knows nothing of RabbitMQ, pacing or telemetry. Its methods may wait (for a model, a file), and none
    may block the event loop. Whatever they raise is counted and traced, and the partner gets a blank look.

    Args:
        persona: whose voice this is.
        options: as chosen on the command line or in a file; the defaults if left out.
        shared: what :meth:`prepare` returned.
    """

    class Options(BaseOptions):
        """Nothing can be chosen. Declare fields here and they can: with types, defaults and descriptions."""

    def __init__(self, persona: Persona, options: BaseOptions | None = None, shared: Any = None) -> None:  # noqa: ANN401 - the subclass's own
        self.persona = persona
        self.options: BaseOptions = options if options is not None else self.Options()
        self.shared = shared
        self.set_up()

    def set_up(self) -> None:  # noqa: B027 - there may be nothing to do
        """Make what this one bot needs; called once, when everything above is known."""

    @classmethod
    async def prepare(cls, options: Any) -> Any:  # noqa: ANN401, ARG003 - the subclass's own
        """Return what all bots of a process share, such as a model; called once, before the first bot.

        If what it returns has an ``aclose()``, that is awaited in the end.

        Args:
            options: an instance of this class's ``Options``.

        Raises:
            DialectError: the dialect cannot be used, and what to do about it.
        """
        return None

    @abstractmethod
    async def open(self, partner: str) -> str:
        """Return the first line of a conversation with ``partner``."""

    @abstractmethod
    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Return the answer to ``heard``, or ``None`` to end the conversation.

        Args:
            history: what was said so far, oldest first, without ``heard``; bounded by the bot.
            heard: the partner's last line; untrusted.
        """

    @abstractmethod
    async def tweet(self) -> str:
        """Return something to tell everybody."""
