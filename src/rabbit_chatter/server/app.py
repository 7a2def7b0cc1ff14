"""The chat server's HTTP routes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Header, HTTPException, Query, Response
from fastapi.responses import StreamingResponse

from rabbit_chatter import __version__
from rabbit_chatter.messages import MAX_ID_LENGTH, Kind
from rabbit_chatter.server import answers
from rabbit_chatter.server.alerts import Crier, add_alerts
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.bell import Bell
from rabbit_chatter.server.exercises import add_exercises
from rabbit_chatter.server.feed import Wanted, listen, offset_of
from rabbit_chatter.server.firing import Firing, add_firing
from rabbit_chatter.server.index import State
from rabbit_chatter.server.metrics import ServerMetrics
from rabbit_chatter.server.models import Bot, Conversations, Problem, Said, Timeline, Transcript
from rabbit_chatter.server.neighbours import add_neighbours
from rabbit_chatter.server.page import add_page
from rabbit_chatter.server.relay import Relay, add_relay
from rabbit_chatter.server.runbooks import add_runbooks
from rabbit_chatter.server.traces.answer import add_traces
from rabbit_chatter.server.traces.keeper import Keeper
from rabbit_chatter.server.traces.receiver import add_receiver
from rabbit_chatter.settings import NeighbourSettings

MAX_LIMIT = 1000
MAX_LISTENERS = 1000

_DESCRIPTION = """\
Everything that the bots say, read from RabbitMQ's stream: the latest messages, the conversations and bots in
them, and what is being said now.
"""

BotFilter = Annotated[
    str | None, Query(alias="bot", max_length=MAX_ID_LENGTH, description="said by or to this bot")
]
ConversationFilter = Annotated[
    str | None, Query(max_length=MAX_ID_LENGTH, description="said in this conversation")
]
DialectFilter = Annotated[str | None, Query(max_length=MAX_ID_LENGTH, description="said in this dialect")]
KindFilter = Annotated[Literal["dm", "tweet", "invite", "all"], Query(description="what kind of message")]
Offset = Annotated[int, Query(ge=0, description="how many to skip")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="how many to give")]

_MISSING: dict[int | str, dict[str, object]] = {404: {"model": Problem}}
_SSE: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/event-stream": {}}, "description": "events until either side hangs up"},
    503: {"model": Problem, "description": "too many listeners"},
}


@dataclass(frozen=True)
class Parts:
    """What the application is made of; the composition root makes them.

    Attributes:
        archive: what was said.
        bell: rings when something is.
        metrics: of what is asked and received.
        crier: says alerts in the timeline.
        firing: the alerts that fire.
        keeper: spans, where there is no Jaeger.
        relay: asks the queue-manager.
        neighbours: what runs beside us.
    """

    archive: Archive
    bell: Bell
    metrics: ServerMetrics
    crier: Crier
    firing: Firing
    keeper: Keeper
    relay: Relay
    neighbours: NeighbourSettings


def create_app(parts: Parts) -> FastAPI:
    """Return the application that answers from ``parts``.

    Swagger's page is left out: it would fetch its scripts from somebody else's server.
    """
    archive, logs, exercises = (
        parts.archive,
        parts.neighbours.logs_folder,
        parts.neighbours.exercises_folder,
    )
    app = FastAPI(
        title="rabbit-chatter chat server",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
    )
    _add_lists(app, archive)
    _add_details(app, archive)
    _add_eavesdrop(app, archive, parts.bell, parts.metrics)
    add_alerts(app, parts.crier, parts.firing.learn)
    add_firing(app, parts.firing)
    add_relay(app, parts.relay)
    add_receiver(app, parts.keeper, parts.metrics)
    add_traces(app, parts.keeper, parts.neighbours.jaeger_url, Path(logs) if logs else None)
    add_neighbours(app, parts.neighbours)
    add_exercises(app, Path(exercises) if exercises else None)
    add_runbooks(app)
    add_page(app)
    return app


def _add_lists(app: FastAPI, archive: Archive) -> None:
    @app.get("/timeline", tags=["talk"], response_model=Timeline)
    async def timeline(
        kind: KindFilter = "all",
        bot: BotFilter = None,
        dialect: DialectFilter = None,
        limit: Limit = 100,
        before: Annotated[int | None, Query(ge=0, description="only below this offset")] = None,
    ) -> Response:
        """List messages, newest first; read on with the answer's ``before``."""
        return _json(answers.timeline(archive, Wanted(bot, None, _kind(kind), dialect), limit, before))

    @app.get("/conversations", tags=["talk"], response_model=Conversations)
    async def conversations(
        state: State | None = None, bot: BotFilter = None, offset: Offset = 0, limit: Limit = 100
    ) -> Response:
        """List conversations, the one with the latest message first."""
        return _json(answers.conversations(archive, state, bot, offset, limit))


def _add_details(app: FastAPI, archive: Archive) -> None:
    @app.get("/conversations/{conversation}", tags=["talk"], response_model=Transcript, responses=_MISSING)
    async def conversation(conversation: str, offset: Offset = 0, limit: Limit = MAX_LIMIT) -> Response:
        """Give a conversation with its messages in order."""
        talk = archive.index.conversations.get(conversation)
        if talk is None:
            raise HTTPException(
                404, f"nothing is kept of conversation {conversation:.64}; see /conversations"
            )
        return _json(answers.transcript(talk, offset, limit))

    @app.get("/messages/{message}", tags=["talk"], response_model=Said, responses=_MISSING)
    async def message(message: str) -> Response:
        """Give one message."""
        line = archive.find(message)
        if line is None:
            raise HTTPException(404, f"message {message:.64} is not kept, or not any more; see /timeline")
        return _json(line.data)

    @app.get("/bots/{name}", tags=["talk"], response_model=Bot, responses=_MISSING)
    async def bot(name: str) -> Response:
        """Tell what is known of a bot."""
        known = archive.index.bots.get(name)
        if known is None:
            raise HTTPException(404, f"nobody called {name:.64} has said anything lately; see /timeline")
        return _json(answers.profile(known))


def _add_eavesdrop(app: FastAPI, archive: Archive, bell: Bell, metrics: ServerMetrics) -> None:
    listeners = 0

    @app.get("/eavesdrop", tags=["talk"], response_class=StreamingResponse, responses=_SSE)
    async def eavesdrop(
        bot: BotFilter = None,
        conversation: ConversationFilter = None,
        kind: KindFilter = "all",
        last_event_id: Annotated[str | None, Header(description="a browser sends it by itself")] = None,
        from_event_id: Annotated[
            str | None, Query(alias="last_event_id", description="the same, where no header can be set")
        ] = None,
    ) -> StreamingResponse:
        """Listen to what is being said: server-sent events whose id is the message's offset.

        With the id of the last event it goes on after it, else with the next thing said. An event ``gap``
        tells how many messages are no longer here. Nobody loses a message because somebody listens.
        """
        if listeners >= MAX_LISTENERS:
            raise HTTPException(503, f"{MAX_LISTENERS} are listening already; try again later")
        after = offset_of(last_event_id) if last_event_id else offset_of(from_event_id)
        return _stream(listen(archive, bell, Wanted(bot, conversation, _kind(kind)), after))

    def _stream(chunks: AsyncIterator[bytes]) -> StreamingResponse:
        async def counted() -> AsyncIterator[bytes]:
            nonlocal listeners
            listeners += 1
            metrics.eavesdroppers.set(listeners)
            try:
                async for chunk in chunks:
                    yield chunk
            finally:
                listeners -= 1
                metrics.eavesdroppers.set(listeners)

        headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        return StreamingResponse(counted(), media_type="text/event-stream", headers=headers)


def _kind(kind: str) -> Kind | None:
    return None if kind == "all" else Kind(kind)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
