"""The two clocks: one to tell others when, one to measure how long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

NANOSECONDS = 1_000_000_000

# A computer's wall clock may be wrong; on purpose, that is an incident, and goes around the right one.
_wall: list[Callable[[], int]] = [time.time_ns]


def now_ns() -> int:
    """Return the wall clock as nanoseconds since 1970, comparable between hosts as far as they agree."""
    return _wall[-1]()


@contextmanager
def wrong_by(nanoseconds: int) -> Iterator[None]:
    """Let this process's wall clock be ahead while the block runs."""

    def wrong() -> int:
        return time.time_ns() + nanoseconds

    _wall.append(wrong)
    try:
        yield
    finally:
        _wall.remove(wrong)


def monotonic() -> float:
    """Return seconds on a clock that never goes back; only differences mean something."""
    return time.perf_counter()
