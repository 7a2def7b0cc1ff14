"""The programs beside us: what a browser finds where, and what Prometheus remembers of a queue."""

import time
from typing import Annotated

import httpx
import msgspec
import structlog
from fastapi import FastAPI, HTTPException, Query
from opentelemetry.instrumentation.utils import suppress_http_instrumentation

from rabbit_chatter.server.models import Depths, Problem, Tools
from rabbit_chatter.settings import NeighbourSettings

_TIMEOUT = 5.0  # seconds
_POINTS = 240  # as many as a chart has room for
_AWAY: dict[int | str, dict[str, object]] = {503: {"model": Problem, "description": "nobody remembers"}}

log = structlog.get_logger()


class _Series(msgspec.Struct):
    values: list[tuple[float, str]]


class _Result(msgspec.Struct):
    result: list[_Series]


class _Answer(msgspec.Struct):
    """Of Prometheus' ``query_range`` (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

    data: _Result


_decode = msgspec.json.Decoder(_Answer, strict=False).decode


def add_neighbours(app: FastAPI, settings: NeighbourSettings) -> None:
    """Say what runs beside us, and pass on what Prometheus remembers."""

    @app.get("/tools", tags=["operations"])
    async def tools() -> Tools:
        """List where a browser finds the tools beside this page; null for what is not there."""
        return Tools(
            prometheus=settings.prometheus_page or settings.prometheus_url,
            alertmanager=settings.alertmanager_page or settings.alertmanager_url,
            jaeger=settings.jaeger_page or settings.jaeger_url,
            grafana=settings.grafana_page,
            rabbitmq=settings.rabbitmq_page,
            logs=settings.logs_folder is not None,
        )

    @app.get("/depths", tags=["directory"], responses=_AWAY)
    async def depths(
        queue: Annotated[str, Query(max_length=255, description="name of the queue")],
        minutes: Annotated[int, Query(ge=1, le=180, description="how far back")] = 15,
    ) -> Depths:
        """Give a queue's depth as Prometheus remembers it, oldest first."""
        if settings.prometheus_url is None:
            raise HTTPException(503, "nobody remembers: Prometheus is not installed")
        return Depths(points=await _remembered(settings.prometheus_url, queue, minutes))


async def _remembered(prometheus: str, queue: str, minutes: int) -> list[tuple[float, float]]:
    # JSON's escapes are PromQL's (https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals).
    name = msgspec.json.encode(queue).decode()
    end = time.time()
    params: dict[str, str | float] = {
        "query": f"max(rabbitmq_detailed_queue_messages{{queue={name}}})",
        "start": end - 60 * minutes,
        "end": end,
        "step": max(60 * minutes / _POINTS, 5),
    }
    try:
        with suppress_http_instrumentation():
            async with httpx.AsyncClient(base_url=prometheus, timeout=_TIMEOUT, trust_env=False) as client:
                answer = await client.get("/api/v1/query_range", params=params)
        series = _decode(answer.raise_for_status().content).data.result
    except (httpx.HTTPError, msgspec.MsgspecError) as error:
        log.warning("prometheus.unavailable", error=str(error)[:200] or type(error).__name__)
        raise HTTPException(
            503, "Prometheus does not answer; its log: rabbit-chatter logs prometheus"
        ) from error
    return [(moment, float(value)) for moment, value in series[0].values] if series else []
