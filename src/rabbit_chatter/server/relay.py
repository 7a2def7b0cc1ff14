"""What the queue-manager knows, for the page, which may call no other server than ours.

The answers are passed on as they are: read-only, bounded, and one call a second at most for each question,
however many pages ask it.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import httpx
from fastapi import FastAPI, Query, Response

from rabbit_chatter.clock import monotonic
from rabbit_chatter.server.models import Problem

_FRESH = 1.0  # seconds
_TIMEOUT = 5.0  # seconds
_MOST_BYTES = 4 * 1024 * 1024
_MOST_KEPT = 64  # answers
MAX_LIMIT = 1000

_SORTS = "name|type|messages|ready|unacknowledged|consumers|memory|publish_rate|deliver_rate"
_AWAY: dict[int | str, dict[str, object]] = {503: {"model": Problem, "description": "it does not answer"}}

Offset = Annotated[int, Query(ge=0, description="how many to skip")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="how many to give")]


class Answer(NamedTuple):
    """What the queue-manager said."""

    status: int
    body: bytes


class Relay:
    """Asks the queue-manager, and remembers for a second.

    Args:
        url: the queue-manager's address.
    """

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT, trust_env=False)
        self._kept: dict[str, tuple[float, asyncio.Task[Answer]]] = {}

    async def close(self) -> None:
        """Give up what is under way."""
        for _, task in self._kept.values():
            task.cancel()
        await self._client.aclose()

    async def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """Return the answer to a question, at most a second old; all who ask meanwhile share one call."""
        key = str(httpx.URL(path, params=dict(params)))
        begun, task = self._kept.pop(key, (float("-inf"), None))
        if task is None or (task.done() and monotonic() - begun > _FRESH):
            begun, task = monotonic(), asyncio.create_task(self._ask(key), name="relay")
        self._kept[key] = begun, task
        if len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return await asyncio.shield(task)

    async def _ask(self, url: str) -> Answer:
        try:
            async with self._client.stream("GET", url) as answer:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        return _away("the queue-manager's answer is too long")
                return Answer(answer.status_code, bytes(body))
        except httpx.HTTPError as error:
            return _away(
                f"the queue-manager does not answer ({type(error).__name__}); see rabbit-chatter status"
            )


def _away(detail: str) -> Answer:
    return Answer(503, Problem(detail=detail).model_dump_json().encode())


def add_relay(app: FastAPI, relay: Relay) -> None:
    """Pass on what the page needs of the queue-manager; its own OpenAPI document describes the answers."""

    @app.get("/queues", tags=["directory"], response_class=Response, responses=_AWAY)
    async def queues(
        sort: Annotated[str, Query(pattern=f"^({_SORTS})$")] = "name",
        order: Annotated[str, Query(pattern="^(asc|desc)$")] = "asc",
        name: Annotated[str, Query(max_length=255, description="part of the name")] = "",
        offset: Offset = 0,
        limit: Limit = 100,
    ) -> Response:
        """List queues, as the queue-manager does."""
        params: dict[str, str | int] = {
            "sort": sort,
            "order": order,
            "name": name,
            "offset": offset,
            "limit": limit,
        }
        return _passed_on(await relay.get("/queues", params))

    @app.get("/bots", tags=["directory"], response_class=Response, responses=_AWAY)
    async def bots(offset: Offset = 0, limit: Limit = 100) -> Response:
        """List the bots that are chatting now, as the queue-manager does."""
        return _passed_on(await relay.get("/bots", {"offset": offset, "limit": limit}))

    @app.get("/stats", tags=["directory"], response_class=Response, responses=_AWAY)
    async def stats() -> Response:
        """Give the network in figures, as the queue-manager does."""
        return _passed_on(await relay.get("/stats", {}))


def _passed_on(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")
