"""What a dialect tells of the language models that it calls, and to whom.

A dialect says what it asked and what came back; it makes no span and no metric. Whoever runs it sets
:data:`observer` around each call of its methods, and decides what becomes of it; without one, nothing does.

    with observer.get().calling(request) as call:
        call.text = await my_model(request.messages)
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol


class Fallback(StrEnum):
    """Why another dialect answered; a metric label, so the set is closed."""

    ERROR = "error"
    CIRCUIT_OPEN = "circuit-open"
    BUDGET = "budget"


class Unit(StrEnum):
    """What a budget counts; a metric label."""

    TOKENS = "tokens"
    MONEY = "money"


class Spoken(NamedTuple):
    """A message to a model, or from it.

    Attributes:
        role: ``system``, ``user`` or ``assistant``.
    """

    role: str
    text: str


@dataclass(frozen=True)
class ModelRequest:
    """What a model is asked.

    Attributes:
        provider: whose interface is spoken, such as ``openai``; not necessarily who runs the model.
        model: as it is asked for.
        messages: the whole conversation.
        address: host that is called.
        port: of that host.
        max_tokens: longest answer.
        stream: whether the answer comes in pieces.
        temperature: how freely the model chooses; ``None`` leaves it to the endpoint.
        seed: decides as far as the endpoint goes along.
    """

    provider: str
    model: str
    messages: Sequence[Spoken]
    address: str
    port: int
    max_tokens: int
    stream: bool = False
    temperature: float | None = None
    seed: int | None = None


@dataclass
class ModelCall:
    """What came back, as far as it is known.

    Attributes:
        text: the answer.
        model: that answered.
        id: of the answer, the endpoint's.
        finish_reason: why the answer ends.
        input_tokens: as the endpoint counts them; ``None`` if it does not tell.
        output_tokens: likewise.
        first_chunk: seconds until the first piece of a stream.
        cost: in the currency of the prices that were given.
    """

    text: str = ""
    model: str | None = None
    id: str | None = None
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    first_chunk: float | None = None
    cost: float = 0.0


class Observer(Protocol):
    """Who learns of it."""

    def calling(self, request: ModelRequest) -> AbstractContextManager[ModelCall]:
        """Watch one call with all its retries; the caller fills in what came back.

        An exception that ends the block is a failed call; its attribute ``kind``, one of few words, says how.
        """

    def fell_back(self, why: Fallback) -> None:
        """Note that another dialect answered."""

    def budget(self, unit: Unit, used: float) -> None:
        """Note which share of an hour's budget is used."""

    def circuit(self, *, is_open: bool) -> None:
        """Note whether the endpoint is left alone for a while."""


class Unobserved:
    """Nobody watches."""

    @contextmanager
    def calling(self, request: ModelRequest) -> Iterator[ModelCall]:  # noqa: ARG002 - as Observer has it
        """Watch nothing."""
        yield ModelCall()

    def fell_back(self, why: Fallback) -> None:
        """Note nothing."""

    def budget(self, unit: Unit, used: float) -> None:
        """Note nothing."""

    def circuit(self, *, is_open: bool) -> None:
        """Note nothing."""


observer: ContextVar[Observer] = ContextVar("observer", default=Unobserved())  # noqa: B039 - it has no state
