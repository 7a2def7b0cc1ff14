"""Tasks that shall end."""

import asyncio

_AGAIN_SECONDS = 0.5


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel ``task`` until it has ended; an error of its own is raised.

    Once may not be enough: ``asyncio.wait_for`` before Python 3.12, which AMQP libraries use, forgets a
    cancellation that comes while its own work ends (https://github.com/python/cpython/issues/86296). A
    process that waited for such a task would not end on SIGTERM.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN_SECONDS)
    if not task.cancelled():
        task.result()
