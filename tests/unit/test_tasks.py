"""Tasks end, whatever they do about it."""

import asyncio

import pytest

from rabbit_chatter.tasks import ended


async def deaf(times: int) -> None:
    """Wait forever, and miss the first cancellations."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_a_task_that_missed_its_cancellation_is_cancelled_again(times: int) -> None:
    """Whoever waits for the end of a task need not wait forever."""
    task = asyncio.create_task(deaf(times))
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await ended(task, 0.05)
    assert task.cancelled()


async def test_the_error_of_a_task_is_not_lost() -> None:
    """What went wrong before is told."""

    async def fails() -> None:
        raise ValueError("too late")

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    with pytest.raises(ValueError, match="too late"):
        await ended(task)


async def test_whoever_waits_may_give_up() -> None:
    """A deadline of the caller holds."""
    task = asyncio.create_task(deaf(3))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ended(task)
    assert not task.done()
    await ended(task, 0.05)
