"""The queue-manager's HTTP routes: read-only, paged, and never without an age."""

from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse

from rabbit_chatter import __version__
from rabbit_chatter.errors import ManagementError
from rabbit_chatter.queue_manager.directory import Directory
from rabbit_chatter.queue_manager.models import (
    Bots,
    Conversations,
    Problem,
    Queues,
    Stats,
    TargetGroup,
)
from rabbit_chatter.queue_manager.snapshot import Order, Sort, show_bot, show_conversation, show_queue

MAX_LIMIT = 1000
RETRY_AFTER = 2  # seconds

_DESCRIPTION = """\
Who is chatting, read from RabbitMQ's management API. Answers are at most a few seconds old and say so; while
RabbitMQ does not answer they are what was known last, with `stale: true`.
"""

Offset = Annotated[int, Query(ge=0, description="how many to skip", examples=[0])]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="how many to give", examples=[100])]


def create_app(directory: Directory) -> FastAPI:
    """Return the application that answers from ``directory``.

    Swagger's page is left out: it would fetch its scripts from somebody else's server.
    """
    app = FastAPI(
        title="rabbit-chatter queue-manager",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        responses={503: {"model": Problem, "description": "RabbitMQ has not answered even once"}},
    )
    _add_lists(app, directory)
    _add_overviews(app, directory)

    @app.exception_handler(ManagementError)
    async def unavailable(_: Request, error: ManagementError) -> JSONResponse:
        problem = Problem(error=error.kind, detail=str(error))
        return JSONResponse(problem.model_dump(), 503, {"retry-after": str(RETRY_AFTER)})

    return app


def _add_lists(app: FastAPI, directory: Directory) -> None:
    @app.get("/bots", tags=["directory"])
    async def bots(offset: Offset = 0, limit: Limit = 100) -> Bots:
        """List the bots that are chatting now: one per inbox, by name."""
        known = await directory.queues.get()
        every = known.value.bots
        page = [show_bot(inbox) for inbox in every[offset : offset + limit]]
        return Bots(bots=page, total=len(every), stale=known.stale, age_seconds=round(known.age, 3))

    @app.get("/conversations", tags=["directory"])
    async def conversations(offset: Offset = 0, limit: Limit = 100) -> Conversations:
        """List the pairs of bots that have queues between them, with what waits in each direction."""
        known = await directory.queues.get()
        every = known.value.conversations
        page = [show_conversation(pair) for pair in every[offset : offset + limit]]
        return Conversations(
            conversations=page, total=len(every), stale=known.stale, age_seconds=round(known.age, 3)
        )

    @app.get("/queues", tags=["broker"])
    async def queues(
        sort: Sort = Sort.NAME,
        order: Order = Order.ASC,
        name: Annotated[str, Query(max_length=255, description="part of the name", examples=["bot."])] = "",
        offset: Offset = 0,
        limit: Limit = 100,
    ) -> Queues:
        """List queues of every purpose, sorted; ``sort=messages&order=desc`` shows where talk piles up."""
        known = await directory.queues.get()
        every = known.value.sorted(sort, order)
        if name:
            every = [queue for queue in every if name in queue.name]
        page = [show_queue(queue) for queue in every[offset : offset + limit]]
        return Queues(queues=page, total=len(every), stale=known.stale, age_seconds=round(known.age, 3))


def _add_overviews(app: FastAPI, directory: Directory) -> None:
    @app.get("/stats", tags=["broker"])
    async def stats() -> Stats:
        """Count queues, bots, conversations and messages, and name the processes that are connected."""
        queues = await directory.queues.get()
        connections = await directory.connections.get()
        found = queues.value
        return Stats(
            queues=len(found.queues),
            bots=len(found.bots),
            conversations=len(found.conversations),
            messages_ready=found.messages_ready,
            messages_unacknowledged=found.messages_unacknowledged,
            by_dialect=dict(found.by_dialect),
            components=list(connections.value.components),
            stale=queues.stale or connections.stale,
            age_seconds=round(max(queues.age, connections.age), 3),
        )

    @app.get("/sd/prometheus", tags=["monitoring"])
    async def prometheus() -> list[TargetGroup]:
        """List whom to scrape, in the format of Prometheus' HTTP service discovery.

        Never empty because of an error: Prometheus keeps its last list when this answers 503
        (https://prometheus.io/docs/prometheus/latest/http_sd/).
        """
        known = await directory.connections.get()
        own = await directory.own_targets()
        taken = {group.targets[0] for group in own}
        return own + [group for group in known.value.targets if group.targets[0] not in taken]
