"""``GET /traces/{id}``: the spans of a trace, from Jaeger where that is, else from our own store."""

from pathlib import Path
from typing import Annotated

import httpx
import msgspec
import structlog
from fastapi import FastAPI, HTTPException, Response
from fastapi import Path as InPath
from opentelemetry.instrumentation.utils import suppress_http_instrumentation

from rabbit_chatter.server.models import LogLines, Problem, Trace
from rabbit_chatter.server.traces.keeper import Keeper, StoreError
from rabbit_chatter.server.traces.logs import find_lines
from rabbit_chatter.server.traces.otlp import BadRequestError, read_jaeger

_HERE, _JAEGER = "here", "jaeger"
_TIMEOUT = 5.0  # seconds
_MISSING: dict[int | str, dict[str, object]] = {404: {"model": Problem}}

_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()

TraceId = Annotated[str, InPath(pattern="^[0-9a-f]{32}$", description="32 hexadecimal digits")]


def add_traces(app: FastAPI, keeper: Keeper, jaeger: str | None, logs: Path | None) -> None:
    """Answer what is known of a trace.

    Args:
        app: where to.
        keeper: our own store.
        jaeger: Jaeger's address, if there is one.
        logs: folder of the components' log files, if they are on this machine.
    """

    @app.get("/traces/{trace_id}", tags=["traces"], response_model=Trace, responses=_MISSING)
    async def trace(trace_id: TraceId) -> Response:
        """Give a trace's spans, in no particular order. More may come while its conversation goes on."""
        source, spans = _JAEGER, await _from_jaeger(jaeger, trace_id) if jaeger else []
        if not spans:
            source, spans = _HERE, await _from_here(keeper, trace_id)
        if not spans:
            raise HTTPException(
                404, "no span of this trace is kept: it was not sampled, is too old, or is still on its way"
            )
        body = {"trace_id": trace_id, "source": source, "spans": [msgspec.Raw(span) for span in spans]}
        return Response(_encode(body), media_type="application/json")

    @app.get("/traces/{trace_id}/logs", tags=["traces"], response_model=LogLines, responses=_MISSING)
    def lines(trace_id: TraceId) -> Response:
        """Give the log lines of a trace, oldest first; only where the log files are on this machine."""
        if logs is None:
            raise HTTPException(404, "log files are not on this machine; see the containers' own logs")
        found = find_lines(logs, trace_id)
        return Response(_encode({"lines": found}), media_type="application/json")


async def _from_here(keeper: Keeper, trace_id: str) -> list[bytes]:
    try:
        return list(await keeper.spans(trace_id))
    except StoreError as error:
        raise HTTPException(503, str(error)) from error


async def _from_jaeger(jaeger: str, trace_id: str) -> list[bytes]:
    """Return the spans that Jaeger has; none if it has none or does not answer."""
    try:
        # The page's own looking must not become part of what it looks at.
        with suppress_http_instrumentation():
            async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
                answer = await client.get(f"{jaeger.rstrip('/')}/api/v3/traces/{trace_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return []
        return [_encode(span) for span in read_jaeger(answer.raise_for_status().content)]
    except (httpx.HTTPError, BadRequestError) as error:
        log.warning("jaeger.unavailable", error=str(error)[:200] or type(error).__name__)
        return []
