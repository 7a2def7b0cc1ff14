import asyncio
import math
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from rabbit_chatter.errors import ManagementError
from rabbit_chatter.queue_manager.cache import Cache, Snapshot
from rabbit_chatter.queue_manager.metrics import ManagementMetrics


class Source:
    """Something that can be slow, or away."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self) -> int:
        """Return how often it was asked."""
        self.calls += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.calls


def make(source: Source, refresh: float, registry: CollectorRegistry | None = None) -> Cache[int]:
    """Return a cache of ``source`` that waits for a refresh for a moment only."""
    metrics = ManagementMetrics(registry or CollectorRegistry())
    return Cache("queues", source.fetch, refresh, metrics, patience=0.05)


async def ask_until(cache: Cache[int], wanted: Callable[[Snapshot[int]], bool]) -> Snapshot[int]:
    """Ask until the answer is as wanted; an interval is at least five times a call, and calls may be slow."""
    async with asyncio.timeout(5):
        while not wanted(answer := await cache.get()):  # noqa: ASYNC110 - each round asks
            await asyncio.sleep(0.005)
    return answer


async def test_all_who_ask_share_one_call() -> None:
    """Two hundred questions at once cost one call, and so do two hundred later within the interval."""
    source, registry = Source(), CollectorRegistry()
    cache = make(source, 60, registry)
    answers = await asyncio.gather(*(cache.get() for _ in range(200)))
    answers += await asyncio.gather(*(cache.get() for _ in range(200)))
    assert {answer.value for answer in answers} == {1}
    assert source.calls == 1
    labels = {"resource": "queues"}
    assert registry.get_sample_value("chatter_management_call_duration_seconds_count", labels) == 1
    assert registry.get_sample_value("chatter_management_answers_total", {**labels, "result": "hit"}) == 200


async def test_later_questions_get_newer_data() -> None:
    """Beyond the interval the next question waits for a new snapshot."""
    source = Source()
    cache = make(source, 0.01)
    assert (await cache.get()).value == 1
    again = await ask_until(cache, lambda answer: answer.value > 1)
    assert (again.value, again.stale) == (2, False)


async def test_costly_calls_are_made_seldom() -> None:
    """A call that took a tenth of a second is not made again for half a second."""
    source = Source()
    source.gate.clear()
    cache = make(source, 0.001)
    asyncio.get_running_loop().call_later(0.1, source.gate.set)
    await cache.get()
    await asyncio.sleep(0.01)  # ten times the interval that was asked for
    assert (await cache.get()).value == 1
    assert source.calls == 1


async def test_source_away_means_old_data_marked_stale() -> None:
    """A failed refresh leaves the last data, marked, and one good refresh ends that."""
    source, registry = Source(), CollectorRegistry()
    cache = make(source, 0.01, registry)
    await cache.get()
    source.error = ManagementError("away", "unreachable")
    old = await ask_until(cache, lambda answer: answer.stale)
    assert (old.value, cache.healthy) == (1, False)
    failed = {"resource": "queues", "error_type": "unreachable"}
    assert registry.get_sample_value("chatter_management_call_failures_total", failed) == 1
    source.error = None
    new = await ask_until(cache, lambda answer: not answer.stale)
    assert new.value > 2
    assert cache.healthy


async def test_never_any_data_is_an_error() -> None:
    """Without data the cause is told, again without asking again at once, and the age is no number."""
    source, registry = Source(), CollectorRegistry()
    source.error = ManagementError("away", "timeout")
    cache = make(source, 60, registry)
    for _ in range(3):
        with pytest.raises(ManagementError, match="away") as caught:
            await cache.get()
        assert caught.value.kind == "timeout"
    assert source.calls == 1
    age = registry.get_sample_value("chatter_management_snapshot_age_seconds", {"resource": "queues"})
    assert age is not None
    assert math.isnan(age)


async def test_slow_refresh_does_not_hold_answers_up() -> None:
    """While a refresh hangs, questions are answered from what is known; it ends with the cache."""
    source = Source()
    cache = make(source, 0.01)
    await cache.get()
    source.gate.clear()
    known = await ask_until(cache, lambda answer: answer.stale)
    assert (known.value, source.calls) == (1, 2)
    await cache.close()


async def test_broken_answer_is_contained() -> None:
    """An error nobody foresaw is a failed refresh like another."""
    source = Source()
    cache = make(source, 0.01)
    await cache.get()
    source.error = ZeroDivisionError("oops")
    await ask_until(cache, lambda answer: answer.stale)
    assert not cache.healthy


async def test_question_that_is_given_up_does_not_end_the_call() -> None:
    """A client that hangs up does not take the shared refresh with it."""
    source = Source()
    source.gate.clear()
    cache = make(source, 60)
    impatient = asyncio.create_task(cache.get())
    patient = asyncio.create_task(cache.get())
    await asyncio.sleep(0)
    impatient.cancel()
    source.gate.set()
    assert (await patient).value == 1
    assert source.calls == 1


async def test_nobody_waits_for_a_source_known_to_be_slow() -> None:
    """Where the last call took longer than anybody's patience, what is known is given at once."""
    source = Source()
    source.gate.clear()
    cache = Cache("queues", source.fetch, 0.001, ManagementMetrics(CollectorRegistry()), patience=0.01)
    asyncio.get_running_loop().call_later(0.02, source.gate.set)
    await cache.get()
    source.gate.clear()
    await ask_until(cache, lambda _: source.calls == 2)
    question = cache.get()
    with pytest.raises(StopIteration) as answered:  # without a single turn of the event loop
        question.send(None)
    assert answered.value.value.value == 1
    await cache.close()
