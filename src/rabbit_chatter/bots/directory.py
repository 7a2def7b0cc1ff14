"""Who is there: the queue-manager's list of bots, asked once for all bots of a process."""

import asyncio

import httpx
import structlog

from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.clock import monotonic
from rabbit_chatter.errors import BadNameError
from rabbit_chatter.names import check_bot_name

_FRESH_SECONDS = 2.0
_PAGE = 1000

log = structlog.get_logger()


class Directory:
    """The list of bots, at most two seconds old; the last known one while the queue-manager is away.

    Args:
        client: with the queue-manager's address as its base.
        metrics: where failures are counted.
    """

    def __init__(self, client: httpx.AsyncClient, metrics: BotMetrics) -> None:
        self._client = client
        self._metrics = metrics
        self._bots: list[str] = []
        self._asked = float("-inf")
        self._lock = asyncio.Lock()

    async def bots(self) -> list[str]:
        """Return the names of all bots on the network, in no particular order; perhaps none."""
        async with self._lock:
            if monotonic() - self._asked > _FRESH_SECONDS:
                self._asked = monotonic()
                await self._refresh()
        return self._bots

    async def _refresh(self) -> None:
        try:
            bots: list[str] = []
            total = 1
            while len(bots) < total:
                answer = await self._client.get("/bots", params={"limit": _PAGE, "offset": len(bots)})
                page = answer.raise_for_status().json()
                bots += [check_bot_name(bot["name"]) for bot in page["bots"]]
                total = page["total"] if page["bots"] else 0
            self._bots = bots
        except (httpx.HTTPError, ValueError, KeyError, TypeError, BadNameError) as error:
            self._metrics.directory_failures.inc()
            log.warning(
                "directory.unavailable", error=str(error) or type(error).__name__, known=len(self._bots)
            )
