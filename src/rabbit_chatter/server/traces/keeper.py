"""The store beside the event loop: one thread writes and reads it, and what waits for it is bounded."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import structlog

from rabbit_chatter.errors import ChatterError
from rabbit_chatter.server.traces.span import Span
from rabbit_chatter.server.traces.store import TraceStore

MOST_WAITING = 32  # requests of at most some MB each

Answer = TypeVar("Answer")
Read = Callable[[bytes], tuple[list[Span], int]]

log = structlog.get_logger()


class BusyError(ChatterError):
    """More requests wait for the store than it can take; try again later."""


class StoreError(ChatterError):
    """The store cannot write, as where the disk is full."""


class Keeper:
    """Opens the store when the first span comes, so that nobody has a file who needs none.

    Args:
        file: where the store is; ``None`` is a temporary one.
        max_spans: how many spans it keeps.
        max_bytes: how much of their JSON it keeps.
    """

    def __init__(self, file: Path | None, max_spans: int, max_bytes: int) -> None:
        self._file = file
        self._limits = max_spans, max_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="traces")
        self._waiting = 0
        self.store: TraceStore | None = None

    async def take(self, read: Read, body: bytes) -> tuple[int, int]:
        """Read a request and keep its spans; return how many were kept, and how many could not be.

        Raises:
            BadRequestError: it cannot be read.
            BusyError: too many wait already.
            StoreError: they cannot be kept.
        """

        def work() -> tuple[int, int]:
            spans, bad = read(body)
            try:
                bad += (refused := self._opened().add(spans))
            except sqlite3.Error as error:
                raise StoreError(f"spans cannot be kept: {error}") from error
            return len(spans) - refused, bad

        if self._waiting >= MOST_WAITING:
            raise BusyError("the store is busy; try again in a second")
        return await self._run(work)

    async def spans(self, trace_id: str) -> Sequence[bytes]:
        """Return the JSON of a trace's spans; none if it is not here.

        Raises:
            StoreError: the file cannot be read.
        """

        def work() -> Sequence[bytes]:
            try:
                return self._opened().get(trace_id)
            except sqlite3.Error as error:
                raise StoreError(f"traces cannot be read: {error}") from error

        return await self._run(work)

    def close(self) -> None:
        """Finish what waits, and close the file."""
        self._thread.shutdown()
        if self.store is not None:
            self.store.close()

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def _opened(self) -> TraceStore:
        if self.store is None:
            try:
                self.store = TraceStore(self._file, *self._limits)
            except sqlite3.Error as error:
                log.warning("traces.file_unusable", file=str(self._file), error=str(error))
                self.store = TraceStore(None, *self._limits)
        return self.store
