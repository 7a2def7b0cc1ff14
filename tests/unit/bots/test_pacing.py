import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabbit_chatter.bots.pacing import Pace, expected_rate

TEMPOS = st.floats(0.01, 1000)

LONGEST = 8.0 * 1.5  # seconds at tempo 1, with the most variation


def pace(tempo: float = 1.0, seed: int = 1) -> Pace:
    """Return a pace whose variation is the same for the same seed."""
    return Pace(tempo, random.Random(seed))  # noqa: S311 - a game


@given(st.text(), TEMPOS, st.integers())
def test_tempo_scales_everything(text: str, tempo: float, seed: int) -> None:
    """Twice the tempo halves each time, whatever is read or typed."""
    acts: list[Callable[[Pace], float]] = [
        lambda by: by.reading(text), lambda by: by.typing(text), Pace.lonely, Pace.until_tweet,
    ]  # fmt: skip
    for act in acts:
        assert act(pace(tempo, seed)) == pytest.approx(act(pace(1.0, seed)) / tempo)


@given(st.integers(0, 20_000), st.integers())
def test_nobody_waits_for_ever(length: int, seed: int) -> None:
    """Times are never negative, and even the longest text is read and typed within twelve seconds."""
    text = "word " * (length // 5) + "x" * (length % 5)
    one = pace(seed=seed)
    assert 0.15 <= one.reading(text) <= LONGEST
    assert 0 <= one.typing(text) <= LONGEST
    assert 3 <= one.lonely() <= 9
    assert 15 <= one.until_tweet() <= 45


def test_longer_takes_longer() -> None:
    """With the same dice, a longer text takes longer to read and to type."""
    short, long = "hi", "a much longer line of some words"
    assert pace().reading(short) < pace().reading(long)
    assert pace().typing(short) < pace().typing(long)


def test_people_differ() -> None:
    """The same text is not typed in the same time twice."""
    one = pace()
    assert len({one.typing("the same text") for _ in range(20)}) > 10


def test_expected_rate_is_what_the_paces_give() -> None:
    """The rate that a population should publish agrees with the mean of the times that its bots take."""
    one, text = pace(), "x" * 45 + " x" * 8
    turns = [one.reading(text) + one.typing(text) for _ in range(4000)]
    tweets = [one.until_tweet() for _ in range(4000)]
    per_conversation, per_bot = 4000 / sum(turns) / 2, 4000 / sum(tweets)
    assert expected_rate(40, 0, 1.0) == pytest.approx(40 * per_bot, rel=0.05)
    assert expected_rate(0, 30, 1.0) == pytest.approx(30 * per_conversation, rel=0.05)
    assert expected_rate(40, 30, 3.0) == pytest.approx(3 * expected_rate(40, 30, 1.0))


def test_nobody_publishes_nothing() -> None:
    """Without bots nothing is expected."""
    assert expected_rate(0, 0, 5.0) == 0
