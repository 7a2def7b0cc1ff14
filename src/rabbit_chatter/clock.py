"""The two clocks: one to tell others when, one to measure how long."""

import time

NANOSECONDS = 1_000_000_000


def now_ns() -> int:
    """Return the wall clock as nanoseconds since 1970, comparable between hosts as far as they agree."""
    return time.time_ns()


def monotonic() -> float:
    """Return seconds on a clock that never goes back; only differences mean something."""
    return time.perf_counter()
