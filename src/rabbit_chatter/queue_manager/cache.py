"""One call for everybody: a snapshot that is refreshed when somebody asks, and kept while nobody answers.

=======================  ================================================================================
a question comes …       and is answered
=======================  ================================================================================
within the interval      at once, from the snapshot
later                    after one refresh that all who ask meanwhile share
later, source slow       with what is known, while the refresh goes on: at once where the last one took
                         longer than ``PATIENCE``, else after that
while the source is away with what was known last, marked stale; with an error if that is nothing
=======================  ================================================================================
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from rabbit_chatter.clock import monotonic
from rabbit_chatter.errors import ManagementError
from rabbit_chatter.queue_manager.metrics import ManagementMetrics
from rabbit_chatter.tasks import ended
from rabbit_chatter.telemetry.metrics import exemplar

# A listing of 10,000 queues keeps a broker busy for seconds: at most a sixth of its time is ours.
COST_FACTOR = 5
PATIENCE = 1.0  # seconds

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(frozen=True)
class Snapshot(Generic[T]):
    """What was known at one moment.

    Attributes:
        value: the data.
        age: seconds since the source gave it.
        stale: the last refresh failed, or two refreshes are overdue.
    """

    value: T
    age: float
    stale: bool


@dataclass
class _Known(Generic[T]):
    value: T
    taken: float
    seconds: float
    interval: float


class Cache(Generic[T]):
    """Holds the last snapshot of one resource.

    Args:
        resource: its name in metrics and log lines.
        fetch: gets a new one; a :class:`ManagementError` is expected of it.
        refresh: seconds for which a snapshot is good, longer where ``fetch`` takes long.
        metrics: calls, failures, age and answers are counted here.
        patience: seconds to wait for a refresh where something is known already.
    """

    def __init__(
        self,
        resource: str,
        fetch: Callable[[], Awaitable[T]],
        refresh: float,
        metrics: ManagementMetrics,
        patience: float = PATIENCE,
    ) -> None:
        self._resource = resource
        self._fetch = fetch
        self._refresh = refresh
        self._metrics = metrics
        self._patience = patience
        self._duration = metrics.duration.labels(resource)
        self._known: _Known[T] | None = None
        self._error: ManagementError | None = None
        self._due = float("-inf")
        self._task: asyncio.Task[None] | None = None
        metrics.age.labels(resource).set_function(self._age)

    async def close(self) -> None:
        """Give up a refresh that is under way."""
        if self._task is not None:
            await ended(self._task)

    @property
    def healthy(self) -> bool:
        """Whether there is data and the last refresh went well."""
        return self._known is not None and self._error is None

    def touch(self) -> None:
        """Begin a refresh if one is due; returns at once."""
        if self._task is None and monotonic() >= self._due:
            self._task = asyncio.create_task(self._run(), name=f"refresh {self._resource}")

    async def get(self) -> Snapshot[T]:
        """Return the snapshot, after a refresh if one is due.

        Raises:
            ManagementError: there was never any data.
        """
        self.touch()
        before = self._known
        if self._task is not None and not self._fresh() and self._worth_waiting():
            await asyncio.wait({self._task}, timeout=self._patience if before else None)
        known = self._known
        if known is None:
            self._metrics.answers.labels(self._resource, "none").inc()
            error = self._error or ManagementError("not asked yet; try again in a moment")
            raise ManagementError(str(error), error.kind)
        age = monotonic() - known.taken
        stale = self._error is not None or age > 2 * known.interval
        result = "stale" if stale else "refreshed" if known is not before else "hit"
        self._metrics.answers.labels(self._resource, result).inc()
        return Snapshot(known.value, age, stale)

    def _fresh(self) -> bool:
        return self._known is not None and monotonic() < self._known.taken + self._known.interval

    def _worth_waiting(self) -> bool:
        return self._known is None or self._known.seconds <= self._patience

    def _age(self) -> float:
        return monotonic() - self._known.taken if self._known else float("nan")

    async def _run(self) -> None:
        started = monotonic()
        try:
            value = await self._fetch()
        except ManagementError as error:
            self._failed(error, monotonic() - started)
        except Exception as error:
            log.exception("management.refresh_broken", resource=self._resource)
            self._failed(ManagementError(f"the answer could not be used: {error!r}", "internal"), 0)
        else:
            self._succeeded(value, monotonic() - started)
        finally:
            self._duration.observe(monotonic() - started, exemplar())
            self._task = None

    def _succeeded(self, value: T, seconds: float) -> None:
        if self._error is not None or self._known is None:
            log.info("management.answers", resource=self._resource, seconds=round(seconds, 3))
        interval = max(self._refresh, COST_FACTOR * seconds)
        self._known = _Known(value, monotonic(), seconds, interval)
        self._error = None
        self._due = self._known.taken + interval

    def _failed(self, error: ManagementError, seconds: float) -> None:
        if self._error is None or self._error.kind != error.kind:  # once, not every few seconds
            log.warning("management.unavailable", resource=self._resource, error=str(error))
        self._metrics.failures.labels(self._resource, error.kind).inc()
        self._error = error
        self._due = monotonic() + max(self._refresh, seconds)
