"""A circuit breaker: an endpoint that keeps failing is left alone for a while.

After M. Nygard, "Release It!" (2007): closed, calls pass; after some failures in a row it opens and none
passes; after a pause it is half open and lets one pass, whose outcome decides.
"""


class Breaker:
    """Says whether a call may pass.

    Args:
        failures: in a row that open it.
        pause: seconds that it stays open.
    """

    def __init__(self, failures: int, pause: float) -> None:
        self._limit = failures
        self._pause = pause
        self._failures = 0
        self._opened: float | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether the last word was that the endpoint fails."""
        return self._opened is not None

    def may_pass(self, now: float) -> bool:
        """Return whether a call may pass; ``now`` in seconds. Say afterwards how it went."""
        if self._opened is None:
            return True
        if self._trying or now - self._opened < self._pause:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """Note an answer."""
        self._failures, self._opened, self._trying = 0, None, False

    def failed(self, now: float) -> None:
        """Note a failure; ``now`` in seconds."""
        self._failures += 1
        if self._trying or self._failures >= self._limit:
            self._opened = now
        self._trying = False

    def gave_up(self) -> None:
        """Note that nobody waited for the outcome."""
        self._trying = False
