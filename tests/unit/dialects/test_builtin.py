import asyncio
import functools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabbit_chatter.dialects import Dialect, Line, Persona, Prepared, available, choose, load, prepare
from rabbit_chatter.testing import DialectContract


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep trained models out of the home of whoever runs the tests."""
    monkeypatch.setenv("CHATTER_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


class TestEcho(DialectContract):
    """The contract, for `echo`."""

    dialect = "echo"


class TestGibberish(DialectContract):
    """The contract, for `gibberish`."""

    dialect = "gibberish"


class TestEliza(DialectContract):
    """The contract, for `eliza`."""

    dialect = "eliza"


class TestMarkov(DialectContract):
    """The contract, for `markov`."""

    dialect = "markov"


def speak(name: str, seed: str) -> Dialect:
    """Return a dialect that needs no preparation, with the same dice for the same seed."""
    return load(name)(persona(seed))


def persona(seed: str) -> Persona:
    """Return somebody with the same dice for the same seed."""
    return Persona("anna", random.Random(seed))  # noqa: S311 - a game


def test_built_in_dialects_are_all_tested() -> None:
    """The contract is run for every dialect that this package brings, here or in a file of its own."""
    ours = {name for name, point in available().items() if point.value.startswith("rabbit_chatter.")}
    assert ours == {"echo", "gibberish", "eliza", "llm", "markov", "transcript"}


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Run what waits on one event loop."""
    with asyncio.Runner() as running:
        yield running


@pytest.mark.parametrize("name", ["echo", "eliza", "gibberish", "markov"])
@given(heard=st.text())
def test_any_text_is_answered(name: str, heard: str, runner: asyncio.Runner) -> None:
    """Whatever Unicode is heard, also nothing at all, the answer is a text that can be sent, and not long."""
    answer = runner.run(prepared(name, runner).speak(persona("seed")).answer([Line("eve", heard)], heard))
    assert answer or heard.strip(".!?,").lower() in ("bye", "goodbye")
    assert (answer or "").encode()
    assert len(answer or "") < 2000


@functools.cache
def prepared(name: str, runner: asyncio.Runner) -> Prepared:
    """Return a dialect with its defaults, made ready once."""
    return runner.run(prepare(choose(name, {})))


async def test_other_seeds_say_other_things() -> None:
    """Two bots that talk gibberish do not say the same."""
    assert await speak("gibberish", "seed").tweet() != await speak("gibberish", "other").tweet()


async def test_echo_says_what_it_heard() -> None:
    """An echo shows a message unchanged on its way back."""
    assert await speak("echo", "seed").answer([], "¿Qué tal? 🐇") == "¿Qué tal? 🐇"


async def test_gibberish_takes_up_a_word() -> None:
    """Now and then, what the partner said comes back as a question."""
    dialect = speak("gibberish", "seed")
    answers = [await dialect.answer([], "Rabbits!") for _ in range(50)]
    assert 10 < sum(answer is not None and answer.startswith("Rabbits? ") for answer in answers) < 40


async def test_two_of_a_kind_do_not_talk_each_other_up() -> None:
    """Two bots that take up each other's words for a hundred turns do not grow their texts."""
    for name in ("echo", "gibberish"):
        anna, berta = speak(name, "a"), speak(name, "b")
        words: str | None = "x" * 4000
        for _ in range(50):
            words = await anna.answer([Line("berta", words or "")], words or "")
            words = await berta.answer([], words or "")
        assert len(words or "") < 1000
