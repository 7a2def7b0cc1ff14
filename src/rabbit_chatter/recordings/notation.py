"""Samples in the notation of promtool's ``input_series``: ``0x12 5+5x12 stale _x3``.

See https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series. ``a+bxn`` is
``n + 1`` samples from ``a`` on, ``_`` is no sample, ``stale`` is the mark of a series that has
ended.
"""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from rabbit_chatter.errors import RecordingError

_RUN = re.compile(r"(?P<first>.+?)(?P<step>[+-][0-9.]+(?:e[+-]?\d+)?)x(?P<count>\d+)")
_GAP = re.compile(r"_x(\d+)")
_DIGITS = 6  # decimals kept: a microsecond, where the value is a time


def encode(samples: Sequence[float | None], unscraped: Collection[int] = ()) -> str:
    """Return ``samples``, one per scrape, in the notation; ``None`` is a scrape without this series.

    The first missing sample after one that was there becomes ``stale``, as Prometheus would have it.

    Args:
        samples: by the number of the scrape.
        unscraped: the scrapes that did not take place at all, which make nothing stale.
    """

    def kind(index: int) -> str:
        return "gap" if index in unscraped else "gone" if samples[index] is None else "there"

    words: list[str] = []
    alive = False
    for what, group in groupby(range(len(samples)), key=kind):
        indexes = list(group)
        if what == "there":
            words += _runs([_text(samples[index] or 0.0) for index in indexes])
        else:
            words += _gap(len(indexes), stale=alive and what == "gone")
        alive = what == "there" or (alive and what == "gap")
    return " ".join(words)


def decode(values: str) -> list[float | None]:
    """Return the samples that ``values`` stands for; ``stale`` is ``None``, as is a gap.

    Raises:
        RecordingError: it is not in the notation.
    """
    return [sample for word in values.split() for sample in _samples(word)]


def _samples(word: str) -> Iterator[float | None]:
    try:
        if word in {"stale", "_"}:
            yield None
        elif gap := _GAP.fullmatch(word):
            yield from [None] * int(gap[1])
        elif run := _RUN.fullmatch(word):
            first, step = float(run["first"]), float(run["step"])
            yield from (first + step * index for index in range(int(run["count"]) + 1))
        else:
            yield float(word)
    except ValueError as error:
        raise RecordingError(f"{word!r} is no sample") from error


def _gap(length: int, *, stale: bool) -> list[str]:
    words = ["stale"] if stale else []
    rest = length - len(words)
    return [*words, *([f"_x{rest}"] if rest > 1 else ["_"] * rest)]


def _runs(texts: list[str]) -> Iterator[str]:
    """Yield the values with runs of equal steps drawn together; only whole numbers have steps."""
    index = 0
    while index < len(texts):
        step = _step(texts, index)
        length = 1
        while step is not None and _step(texts, index + length - 1) == step:
            length += 1
        worth_it = length > 2 or (length == 2 and step == 0)
        if not worth_it:
            yield texts[index]
            index += 1
        else:
            yield f"{texts[index]}{step:+d}x{length - 1}"
            index += length


def _step(texts: list[str], index: int) -> int | None:
    """Return how far the next value is, if both are whole numbers or the same."""
    if index + 1 >= len(texts):
        return None
    here, there = texts[index], texts[index + 1]
    if here == there:
        return 0
    if here.lstrip("-").isdigit() and there.lstrip("-").isdigit():
        return int(there) - int(here)
    return None


def _text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    rounded = round(value, _DIGITS)
    return str(int(rounded)) if rounded == int(rounded) else repr(rounded)
