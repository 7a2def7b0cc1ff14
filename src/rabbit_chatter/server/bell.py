"""One wake-up for all who listen: cheaper than a queue per listener, and nothing to overflow."""

import asyncio
from contextlib import suppress
from typing import Self

from rabbit_chatter.tasks import ended

SPACING = 0.05  # seconds between two strokes: lines said in between go out together
KEEP_ALIVE = 15.0  # seconds of silence after which proxies and browsers want a sign of life


class Bell:
    """Rings soon after something new, at most every :data:`SPACING`, and at least every :data:`KEEP_ALIVE`.

    Attributes:
        closed: no more will come.
    """

    def __init__(self) -> None:
        self.closed = False
        self._news = asyncio.Event()
        self._stroke = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def strike(self) -> None:
        """Say that there is something new."""
        self._news.set()

    async def wait(self) -> None:
        """Wait for the next stroke."""
        if not self.closed:
            await self._stroke.wait()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._ringing(), name="bell")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        if self._task is not None:
            await ended(self._task)

    def close(self) -> None:
        """Ring a last time: whoever listens goes home."""
        self.closed = True
        self._stroke.set()

    async def _ringing(self) -> None:
        while not self.closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_ALIVE):
                    await self._news.wait()
            self._news.clear()
            stroke, self._stroke = self._stroke, asyncio.Event()
            stroke.set()
            await asyncio.sleep(SPACING)
