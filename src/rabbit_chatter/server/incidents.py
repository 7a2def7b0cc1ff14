"""Incidents over HTTP: which there are, which run, and starting and stopping them, for the teacher's page."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Literal

import structlog
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rabbit_chatter.errors import IncidentError, PublishError
from rabbit_chatter.incidents.agent import Active, Agent
from rabbit_chatter.incidents.annotations import Annotator
from rabbit_chatter.incidents.catalogue import LONGEST_SECONDS, SHORTEST_SECONDS, Incident, find
from rabbit_chatter.incidents.orders import MAX_SEED, Start, Stop, encode
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.server.guard import check_is_own, read_json
from rabbit_chatter.server.models import Problem

SENDER = "teacher"
MAX_BODY_BYTES = 4096

_PATIENCE = 5.0  # seconds; whoever waits for longer presses the button again

_ANSWERS: dict[int | str, dict[str, object]] = {
    code: {"model": Problem} for code in (403, 404, 409, 413, 415, 422, 503)
}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}

log = structlog.get_logger()


class Known(BaseModel):
    """An incident that there is."""

    name: str = Field(examples=["slow-consumer"])
    title: str
    kind: Literal["work", "telemetry"]
    symptom: str
    story: str
    panels: tuple[str, ...] = Field(description="where to look, as dashboard/panel")
    page: str = Field(description="what the talk itself shows; empty if nothing")
    trace: str = Field(description="what a trace shows; empty if nothing")
    clears: str
    alert: str | None = Field(description="that should fire; null where none does", examples=["SlowDialect"])
    within: int = Field(description="seconds until then", examples=[60])
    lasts: int = Field(description="seconds, unless asked otherwise", examples=[300])
    intensity: float = Field(description="unless asked otherwise", examples=[0.3])
    intensity_means: str
    for_operator: bool = Field(description="started by the command line only: it is done to a process")


class Now(BaseModel):
    """An incident that runs. Of a secret one nothing is told but that there is one."""

    name: str | None = Field(description="null where that is a secret")
    title: str | None
    started: str = Field(description="ISO 8601 in UTC", examples=["2026-05-04T08:15:30Z"])
    ends: str = Field(description="at the latest", examples=["2026-05-04T08:20:30Z"])
    intensity: float | None
    secret: bool


class Incidents(BaseModel):
    """What there is, and what runs."""

    incidents: list[Known]
    running: list[Now]
    annotated: bool = Field(description="whether Grafana is told")


class Wanted(BaseModel):
    """How an incident shall be started."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[int, Field(ge=SHORTEST_SECONDS, le=LONGEST_SECONDS)] | None = None
    intensity: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[str, Field(max_length=MAX_SEED)] | None = None
    secret: bool = False
    announced: bool = False


class Ordered(BaseModel):
    """What was told to all components."""

    name: str | None
    seconds: int = 0
    intensity: float = 0
    seed: str = ""


class Desk:
    """Passes the teacher's orders on to all components.

    Args:
        catalogue: all incidents.
        agent: knows what runs, as it hears all orders.
        annotator: tells Grafana of what is ordered here.

    Attributes:
        publish: how something is said; ``None`` until the broker is there.
    """

    def __init__(self, catalogue: Mapping[str, Incident], agent: Agent, annotator: Annotator) -> None:
        self.catalogue = catalogue
        self.agent = agent
        self.annotator = annotator
        self.publish: Callable[[Message], Awaitable[None]] | None = None

    async def order(self, order: Start | Stop) -> None:
        """Tell all components.

        Raises:
            HTTPException: 503, the broker does not take it.
        """
        if self.publish is None:
            raise HTTPException(503, "the chat server is still starting")
        if isinstance(order, Start):
            self.annotator.expect(order)
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.publish(Message(new_id(), Kind.CONTROL, SENDER, encode(order)))
        except (PublishError, TimeoutError) as error:
            said = str(error) or "it does not answer"
            raise HTTPException(503, f"the broker does not take the order: {said}") from error


def add_incidents(app: FastAPI, desk: Desk) -> None:
    """List, start and stop incidents."""

    @app.get("/incidents", tags=["incidents"])
    async def incidents() -> Incidents:
        """List the incidents that there are, and those that run."""
        return Incidents(
            incidents=[_known(incident) for incident in desk.catalogue.values()],
            running=[_now(active) for active in desk.agent.running.values()],
            annotated=desk.annotator.writes,
        )

    @app.post("/incidents/{name}/start", tags=["incidents"], responses=_ANSWERS, openapi_extra=_BODY)
    async def start(name: str, request: Request) -> Ordered:
        """Start an incident in all components; it ends by itself. What is left out is as its file says."""
        wanted = await _wanted(request)
        incident = _find(desk, name)
        if incident.for_operator and not wanted.announced:
            raise HTTPException(409, f"this is done to a process: run `rabbit-chatter incident start {name}`")
        inject = incident.inject
        order = Start(
            incident.name,
            wanted.seconds or inject.lasts,
            inject.intensity if wanted.intensity is None else wanted.intensity,
            wanted.seed or secrets.token_hex(4),
            wanted.secret,
        )
        await desk.order(order)
        return Ordered(name=name, seconds=order.seconds, intensity=order.intensity, seed=order.seed)

    @app.post("/incidents/{name}/stop", tags=["incidents"], responses=_ANSWERS, openapi_extra=_BODY)
    async def stop(name: str, request: Request) -> Ordered:
        """Stop an incident, if it runs."""
        await _wanted(request)
        await desk.order(Stop(_find(desk, name).name))
        return Ordered(name=name)

    @app.post("/incidents/stop", tags=["incidents"], responses=_ANSWERS, openapi_extra=_BODY)
    async def stop_all(request: Request) -> Ordered:
        """Stop all incidents."""
        await _wanted(request)
        await desk.order(Stop())
        return Ordered(name=None)


async def _wanted(request: Request) -> Wanted:
    check_is_own(request)
    body = await read_json(request, MAX_BODY_BYTES)
    try:
        return Wanted.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise HTTPException(422, f"{where}: {first['msg']}") from error


def _find(desk: Desk, name: str) -> Incident:
    try:
        return find(desk.catalogue, name)
    except IncidentError as error:
        raise HTTPException(404, str(error)) from error


def _known(incident: Incident) -> Known:
    inject, look, alert = incident.inject, incident.look, incident.alert
    return Known(
        name=incident.name,
        title=incident.title,
        kind=incident.kind,
        symptom=incident.symptom,
        story=incident.story,
        panels=look.panels,
        page=look.page,
        trace=look.trace,
        clears=incident.clears,
        alert=alert.fires or None,
        within=alert.within,
        lasts=inject.lasts,
        intensity=inject.intensity,
        intensity_means=inject.intensity_means,
        for_operator=incident.for_operator,
    )


def _now(active: Active) -> Now:
    order, secret = active.order, active.order.secret
    return Now(
        name=None if secret else order.name,
        title=None if secret else active.incident.title,
        started=f"{active.started:%Y-%m-%dT%H:%M:%SZ}",
        ends=f"{active.ends:%Y-%m-%dT%H:%M:%SZ}",
        intensity=None if secret else order.intensity,
        secret=secret,
    )
