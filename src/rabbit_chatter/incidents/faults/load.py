"""Faults that are too much of something: messages, queues, connections."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import msgspec
import structlog

from rabbit_chatter import names
from rabbit_chatter.broker import Node, topology, visit
from rabbit_chatter.clock import monotonic
from rabbit_chatter.errors import ChatterError
from rabbit_chatter.incidents.dose import Dose
from rabbit_chatter.incidents.seams import Seams
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.tasks import ended
from rabbit_chatter.telemetry.tracing import speaking

_LINES = ("Are you there?", "Hello?", "One more thing.", "Did you see that?", "Look at this!")

log = structlog.get_logger()


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often it happens per second at full intensity."""

    per_second: Annotated[float, msgspec.Meta(gt=0, le=500)]


@asynccontextmanager
async def flood(seams: Seams, dose: Dose, parameters: Rate) -> AsyncIterator[None]:
    """One bot says far more to another than that one can read."""
    node, bots = _node(seams), dose.order(seams.inboxes)
    if len(bots) < 2:
        raise ChatterError("a conversation takes two bots, and they are not here")
    sender, to = bots[:2]
    voice, conversation = seams.inboxes[sender], new_id()

    async def say(kind: Kind, line: str, turn: int) -> None:
        message = Message(new_id(), kind, sender, line, to, conversation, turn, dialect=voice.dialect)
        with speaking(voice.tracer):
            await node.publisher.publish(message)

    await say(Kind.INVITE, "", 0)  # the other picks up, and listens as long as something comes
    per_second = parameters.per_second * dose.intensity
    # Always the same turn: it is read, and not answered.
    async with _again_and_again(lambda: say(Kind.DM, dose.dice.choice(_LINES), 1), per_second):
        yield


@asynccontextmanager
async def queue_leak(seams: Seams, dose: Dose, parameters: Rate) -> AsyncIterator[None]:
    """A bot declares a queue for each conversation that it might have, and deletes none."""
    node, bots = _node(seams), dose.order(seams.inboxes)
    if not bots:
        raise ChatterError("there is no bot here whose queues could leak")
    strangers = names.bot_names(random.Random(dose.seed))  # noqa: S311 - a game, not a secret
    leaked: list[str] = []

    async def declare() -> None:
        async with node.consumer.scratch() as channel:
            leaked.append(next(strangers))
            await topology.declare_dm(channel, leaked[-1], bots[0])

    try:
        async with _again_and_again(declare, parameters.per_second * dose.intensity):
            yield
    finally:
        with suppress(ChatterError):  # else their policy removes them, five minutes after
            async with node.consumer.scratch() as channel:
                for sender in leaked:
                    await topology.delete_dm(channel, sender, bots[0], node.settings.queue_type)


@asynccontextmanager
async def connection_churn(seams: Seams, dose: Dose, parameters: Rate) -> AsyncIterator[None]:
    """Somebody opens a connection for every message and closes it again."""
    node = _node(seams)
    async with _again_and_again(lambda: visit(node.settings), parameters.per_second * dose.intensity):
        yield


@asynccontextmanager
async def _again_and_again(act: Callable[[], Awaitable[None]], per_second: float) -> AsyncIterator[None]:
    """Let ``act`` happen so often while the block runs; what is late is left out."""

    async def repeat() -> None:
        due = monotonic()
        while True:
            try:
                await act()
            except ChatterError as error:  # the broker is away, or refuses: that is somebody else's incident
                log.debug("not_done", error=str(error))
            due = max(due + 1 / per_second, monotonic())
            await asyncio.sleep(due - monotonic())

    task = asyncio.create_task(repeat()) if per_second > 0 else None
    try:
        yield
    finally:
        if task is not None:
            await asyncio.gather(ended(task), return_exceptions=True)


def _node(seams: Seams) -> Node:
    if seams.node is None:
        raise ChatterError("this component is not connected to the broker")
    return seams.node
