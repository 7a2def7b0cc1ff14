import asyncio
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabbit_chatter.dialects import Dialect, Line, Persona, available, load

BUILT_IN = ["echo", "gibberish"]
HISTORIES = st.lists(st.builds(Line, st.just("berta"), st.text()), max_size=20)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Run what waits on one event loop."""
    with asyncio.Runner() as running:
        yield running


def speak(name: str, seed: str) -> Dialect:
    """Return the dialect called ``name``, with the same dice for the same seed."""
    return load(name)(Persona("anna", random.Random(seed)))  # noqa: S311 - a game


async def talk(dialect: Dialect) -> list[str | None]:
    """Let a dialect say some of everything."""
    said: list[str | None] = [await dialect.open("berta")]
    history: list[Line] = []
    for _ in range(10):
        answer = await dialect.answer(history, "Well, hello there! How are you?")
        said.append(answer)
        history.append(Line("anna", answer or ""))
    return [*said, await dialect.tweet()]


def test_built_in_dialects_are_all_tested() -> None:
    """The tests below are for every dialect that this package brings."""
    ours = {name for name, point in available().items() if point.value.startswith("rabbit_chatter.")}
    assert ours == set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
async def test_seed_decides_what_is_said(name: str) -> None:
    """The same seed says the same, whatever else was rolled in the process."""
    first = await talk(speak(name, "seed"))
    random.seed(17)
    assert await talk(speak(name, "seed")) == first


async def test_other_seeds_say_other_things() -> None:
    """Two bots that talk gibberish do not say the same."""
    assert await talk(speak("gibberish", "seed")) != await talk(speak("gibberish", "other"))


@pytest.mark.parametrize("name", BUILT_IN)
@given(history=HISTORIES, heard=st.text())
def test_any_text_is_answered(name: str, history: list[Line], heard: str, runner: asyncio.Runner) -> None:
    """Whatever Unicode is heard, also nothing at all, the answer is a text that can be sent, and not long."""
    answer = runner.run(speak(name, "seed").answer(history, heard))
    assert answer
    assert answer.encode()
    assert len(answer) < 1000


@pytest.mark.parametrize("name", BUILT_IN)
async def test_nobody_is_addressed_with_silence(name: str) -> None:
    """The first line of a conversation and a tweet say something, each time anew."""
    dialect = speak(name, "seed")
    for _ in range(50):
        assert await dialect.open("berta")
        assert await dialect.answer([], "")
        assert await dialect.tweet()


@pytest.mark.parametrize("name", BUILT_IN)
async def test_two_of_a_kind_do_not_talk_each_other_up(name: str) -> None:
    """Two bots that take up each other's words for a hundred turns do not grow their texts."""
    anna, berta = speak(name, "a"), speak(name, "b")
    words: str | None = "x" * 4000
    for _ in range(50):
        words = await anna.answer([], words or "")
        words = await berta.answer([], words or "")
    assert len(words or "") < 1000


@pytest.mark.parametrize("name", BUILT_IN)
async def test_long_words_are_not_repeated_whole(name: str) -> None:
    """A word of four thousand letters comes back shortened, if at all."""
    dialect = speak(name, "seed")
    answers = [await dialect.answer([], "x" * 4000) for _ in range(50)]
    assert max(len(answer or "") for answer in answers) < 1000


async def test_echo_says_what_it_heard() -> None:
    """An echo shows a message unchanged on its way back."""
    assert await speak("echo", "seed").answer([], "¿Qué tal? 🐇") == "¿Qué tal? 🐇"


async def test_gibberish_takes_up_a_word() -> None:
    """Now and then, what the partner said comes back as a question."""
    dialect = speak("gibberish", "seed")
    answers = [await dialect.answer([], "Rabbits!") for _ in range(50)]
    assert 10 < sum(answer is not None and answer.startswith("Rabbits? ") for answer in answers) < 40
