# ruff: noqa: ARG002 - dialects take what the protocol gives them, and these use none of it
import asyncio
import random
import selectors
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.bots.voice import AT_A_LOSS, COMPOSE_TIMEOUT, Voice
from rabbit_chatter.dialects import Dialect, Line, Persona
from rabbit_chatter.dialects.echo import Echo
from rabbit_chatter.dialects.safe import LONGEST_TEXT
from rabbit_chatter.telemetry.tracing import speaking, untraced


class Says(Echo):
    """Answers what a test wants it to."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401 - a plug-in may return anything
        super().__init__(Persona("anna", random.Random(1)))  # noqa: S311 - a game
        self._answer = answer

    async def open(self, partner: str) -> str:
        """Return what the test wants."""
        answer: str = self._answer
        return answer

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Return what the test wants."""
        answer: str | None = self._answer
        return answer

    async def tweet(self) -> str:
        """Return what the test wants."""
        answer: str = self._answer
        return answer


class Fails(Says):
    """Always fails."""

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Fail, as a model does that is away."""
        raise ConnectionRefusedError("no model")


class FailsAtOnce(Says):
    """Forgot `async`, and fails before there is anything to wait for."""

    def answer(self, history: Sequence[Line], heard: str) -> Any:  # noqa: ANN401
        """Fail without being awaited."""
        raise ValueError(heard)


class Forgets(Says):
    """Forgot `async`, and returns a text that nobody can wait for."""

    def answer(self, history: Sequence[Line], heard: str) -> Any:  # noqa: ANN401
        """Return a text at once."""
        return heard


class Hangs(Says):
    """Never comes to an end."""

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Wait for ever."""
        await asyncio.Event().wait()
        return None


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry of the test's own."""
    return CollectorRegistry()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Let the test's code speak for a tracer, and keep its spans."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with speaking(provider.get_tracer("test")):
        yield exporter


def voice(dialect: Dialect, registry: CollectorRegistry) -> Voice:
    """Put a voice around ``dialect``."""
    return Voice(dialect, "test", BotMetrics(registry))


def count(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """Return a sample's value."""
    return registry.get_sample_value(name, {"dialect": "test", **labels})


@pytest.mark.parametrize(
    ("dialect", "error"),
    [(Fails, "ConnectionRefusedError"), (FailsAtOnce, "ValueError"), (Forgets, "TypeError")],
)
async def test_failing_dialect_gets_a_blank_look(
    dialect: Callable[[str], Dialect], error: str, registry: CollectorRegistry
) -> None:
    """However a plug-in fails, the partner gets an answer, and the failure is counted by its kind."""
    assert await voice(dialect(""), registry).answer([], "hello?") == AT_A_LOSS
    assert count(registry, "chatter_compose_failures_total", error_type=error) == 1
    assert count(registry, "chatter_compose_duration_seconds_count") == 1


class LeapingSelector(selectors.DefaultSelector):
    """Does not wait: the time for which it should is over at once."""

    leapt = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now."""
        ready = super().select(0)
        if not ready:
            self.leapt += timeout or 0
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop on whose clock a minute of waiting is over at once."""

    def __init__(self) -> None:
        self._leaping = LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Return the time, and what was leapt over."""
        return super().time() + self._leaping.leapt


def test_hanging_dialect_is_given_up(registry: CollectorRegistry) -> None:
    """A dialect that never ends is given up after a minute, and the partner gets an answer."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        began = runner.get_loop().time()
        assert runner.run(voice(Hangs(""), registry).answer([], "hello?")) == AT_A_LOSS
        assert runner.get_loop().time() - began == pytest.approx(COMPOSE_TIMEOUT, abs=1)
    assert count(registry, "chatter_compose_failures_total", error_type="TimeoutError") == 1


async def test_a_megabyte_is_cut(registry: CollectorRegistry) -> None:
    """Of a megabyte, four thousand characters are said, and counted."""
    assert await voice(Says("x" * 2**20), registry).answer([], "hello?") == "x" * LONGEST_TEXT
    assert count(registry, "chatter_composed_characters_total") == LONGEST_TEXT


@pytest.mark.parametrize("words", ["\ud800", "half \udfff pair", 42, b"bytes", ["a", "list"]])
async def test_whatever_it_is_becomes_text(words: object, registry: CollectorRegistry) -> None:
    """What a dialect returns can be sent, even if it is half a surrogate pair or no text at all."""
    said = await voice(Says(words), registry).answer([], "hello?")
    assert said
    assert said.encode()


async def test_ending_a_conversation_is_no_failure(registry: CollectorRegistry) -> None:
    """``None`` ends the conversation, and passes as it is."""
    assert await voice(Says(None), registry).answer([], "hello?") is None
    assert count(registry, "chatter_composed_characters_total") is None
    assert count(registry, "chatter_compose_duration_seconds_count") == 1


@pytest.mark.parametrize("words", ["", " \n\t"])
async def test_silence_ends_no_conversation(words: str, registry: CollectorRegistry) -> None:
    """A dialect that says nothing gets a blank look said for it; only ``None`` is the end."""
    assert await voice(Says(words), registry).answer([], "hello?") == AT_A_LOSS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("<b>bold</b> & \u200fعربي\u200e 👩‍👧", "<b>bold</b> & \u200fعربي\u200e 👩‍👧"),
        ("\x1b[31mred\x07\x7f\x9b", "␛[31mred␇␡\ufffd"),
        ("\u202egnp.exe\u202c \u2066x\u2069", "\ufffdgnp.exe\ufffd \ufffdx\ufffd"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
    ],
)
async def test_text_is_read_and_not_obeyed(words: str, said: str, registry: CollectorRegistry) -> None:
    """Markup and right-to-left marks pass; control characters and overrides become signs that are seen."""
    assert await voice(Says(words), registry).answer([], "hello?") == said


@pytest.mark.parametrize("words", ["", None])
async def test_first_line_and_tweet_are_never_empty(words: str | None, registry: CollectorRegistry) -> None:
    """Whoever begins says something."""
    speaker = voice(Says(words), registry)
    assert await speaker.open("berta") == AT_A_LOSS
    assert await speaker.tweet() == AT_A_LOSS


async def test_composing_is_a_span(registry: CollectorRegistry, spans: InMemorySpanExporter) -> None:
    """The span says how long the text became, but not the text."""
    await voice(Says("hello back"), registry).answer([], "hello?")
    (span,) = spans.get_finished_spans()
    assert span.name == "compose"
    assert dict(span.attributes or {}) == {"chatter.dialect": "test", "chatter.text.length": 10}


async def test_unsampled_composing_leaves_no_span(
    registry: CollectorRegistry, spans: InMemorySpanExporter
) -> None:
    """In a trace that is not sampled, composing is measured all the same, without a span or an exemplar."""
    token = untraced.set("00-" + "1" * 32 + "-" + "2" * 16 + "-00")
    try:
        await voice(Says("hello back"), registry).answer([], "hello?")
    finally:
        untraced.reset(token)
    assert not spans.get_finished_spans()
    assert count(registry, "chatter_compose_duration_seconds_count") == 1
