import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabbit_chatter.errors import RecordingError
from rabbit_chatter.recordings.notation import decode, encode

NUMBERS = st.one_of(
    st.none(), st.integers(-(10**9), 10**9).map(float), st.floats(-1e6, 1e6).map(lambda x: round(x, 6))
)


def same(one: list[float | None], other: list[float | None]) -> bool:
    """Return whether two lists of samples are the same, NaN included."""
    return len(one) == len(other) and all(
        a == b or (a is not None and b is not None and math.isnan(a) and math.isnan(b))
        for a, b in zip(one, other, strict=True)
    )


@settings(deadline=None)  # a loaded machine is slow, not wrong
@given(st.lists(NUMBERS, max_size=60))
def test_what_is_written_is_read_again(samples: list[float | None]) -> None:
    """Whatever a series does, its samples survive the notation."""
    assert same(decode(encode(samples)), samples)


@pytest.mark.parametrize(
    ("samples", "text"),
    [
        ([0, 0, 0, 0], "0+0x3"),
        ([0, 5, 10, 15, 7], "0+5x3 7"),
        ([3, 1], "3 1"),
        ([1.5, 1.5], "1.5+0x1"),
        ([None, None, 4, None, None, None, 2], "_x2 4 stale _x2 2"),
        ([math.nan, math.inf], "NaN +Inf"),
    ],
)
def test_the_notation_is_promtools(samples: list[float | None], text: str) -> None:
    """Runs are drawn together, and the first sample that is missing is the mark of an end."""
    assert encode(samples) == text
    assert same(decode(text), samples)


def test_a_scrape_that_did_not_happen_makes_nothing_stale() -> None:
    """Where Prometheus stood still, a series has a gap and no end; one that is gone afterwards ends then."""
    assert encode([1, None, None, 1], unscraped={1, 2}) == "1 _x2 1"
    assert encode([1, None, None, None], unscraped={1, 2}) == "1 _x2 stale"


def test_what_is_no_sample_is_refused() -> None:
    """Damaged text is an error with the word in it."""
    with pytest.raises(RecordingError, match="rabbit"):
        decode("1 rabbit 2")
