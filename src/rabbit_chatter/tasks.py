"""Tasks that shall end."""

import asyncio


async def ended(task: asyncio.Task[None], again: float = 3.0) -> None:
    """Cancel ``task`` until it has ended; an error of its own is raised.

    Once may not be enough: ``asyncio.wait_for`` before Python 3.12, which AMQP libraries use, forgets a
    cancellation that comes while its own work ends (https://github.com/python/cpython/issues/86296). A
    process that waited for such a task would not end on SIGTERM.

    Args:
        task: what shall end.
        again: seconds that it has to clear up before it is cancelled once more.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=again)
    if not task.cancelled():
        task.result()
