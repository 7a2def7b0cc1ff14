"""What Prometheus and the queue-manager know of the bots."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
from opentelemetry.instrumentation.utils import suppress_http_instrumentation

from rabbit_chatter.autoscale.policy import DEPTH_QUERY, FLOW_QUERY, WAIT_QUERY, Reading
from rabbit_chatter.errors import DirectoryUnavailableError


class Census(NamedTuple):
    """Who is there.

    Attributes:
        instances: of bot processes that are connected.
        bots: how many are chatting.
    """

    instances: frozenset[str]
    bots: int


class Sight:
    """Asks both.

    Args:
        client: for HTTP.
        prometheus: its address.
        queue_manager: its address.
        processes: says how many processes are kept running; without it, those count that are connected.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        prometheus: str,
        queue_manager: str,
        processes: Callable[[], int] | None = None,
    ) -> None:
        self._client = client
        self._prometheus = prometheus.rstrip("/")
        self._queue_manager = queue_manager.rstrip("/")
        self._processes = processes

    async def read(self) -> Reading:
        """Return what is there now.

        Raises:
            DirectoryUnavailableError: one of the two does not answer.
            UpError: the processes are counted, and the network has ended.
        """
        depth, wait, flow = [await self._number(query) for query in (DEPTH_QUERY, WAIT_QUERY, FLOW_QUERY)]
        connected = len((await self.census()).instances)
        actual = connected if self._processes is None else self._processes()
        return Reading(time.monotonic(), depth, wait, flow, actual)

    async def census(self) -> Census:
        """Return who is there.

        Raises:
            DirectoryUnavailableError: the queue-manager does not answer.
        """
        stats = await self._ask(f"{self._queue_manager}/stats")
        try:
            found = [one["instance"] for one in stats["components"] if one["component"] == "bots"]
            return Census(frozenset(found), int(stats["bots"]))
        except (LookupError, TypeError, ValueError) as error:
            raise DirectoryUnavailableError(
                f"{self._queue_manager} does not answer like a queue-manager"
            ) from error

    async def _number(self, query: str) -> float:
        answer = await self._ask(f"{self._prometheus}/api/v1/query", query=query)
        try:
            return float(answer["data"]["result"][0]["value"][1])
        except (LookupError, TypeError, ValueError) as error:
            raise DirectoryUnavailableError(f"{self._prometheus} does not answer like Prometheus") from error

    async def _ask(self, url: str, **params: str) -> Any:  # noqa: ANN401 - JSON
        try:
            with suppress_http_instrumentation():  # a look every few seconds would bury what is done
                return (await self._client.get(url, params=params)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise DirectoryUnavailableError(
                f"{url} does not answer ({error or type(error).__name__}): is it installed, and running? See "
                "`rabbit-chatter status`"
            ) from error
