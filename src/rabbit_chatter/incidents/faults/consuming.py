"""Faults in how bots consume: consumers that are gone, that keep everything, or that give everything back.

Each takes the place of the consumer of an inbox, on a channel of its own, and gives it back in the end.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Annotated, Any

import msgspec
import structlog

from rabbit_chatter import names
from rabbit_chatter.broker import Consumer, Subscription, topology
from rabbit_chatter.broker.connection import translated
from rabbit_chatter.errors import BrokerUnavailableError, ChatterError, NameTakenError
from rabbit_chatter.incidents.dose import Dose
from rabbit_chatter.incidents.faults.handling import Nothing
from rabbit_chatter.incidents.seams import Seams
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.telemetry.metrics import Outcome
from rabbit_chatter.telemetry.tracing import speaking

_ALL_TWEETS = "*"
_PATIENCE, _PAUSE = 5.0, 1.0  # seconds

Delivery = Callable[[Any], Awaitable[None]]

log = structlog.get_logger()


class Hoarding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Most messages that one consumer keeps in its hands."""

    most: Annotated[int, msgspec.Meta(ge=1, le=5000)]


class RequeueLoop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Messages per second that are given back, by all victims together."""

    per_second: Annotated[float, msgspec.Meta(gt=0, le=500)]


@asynccontextmanager
async def deaf_inbox(seams: Seams, dose: Dose, _: Nothing) -> AsyncIterator[None]:
    """A share of the bots no longer reads its inbox; the process lives and says that all is well."""
    inboxes = seams.inboxes
    async with AsyncExitStack() as stack:
        for bot in dose.victims(inboxes):
            await stack.enter_async_context(_unread(seams, inboxes[bot]))
        yield


@asynccontextmanager
async def hoarding_consumer(seams: Seams, dose: Dose, parameters: Hoarding) -> AsyncIterator[None]:
    """One bot, or as many as the intensity says, takes every tweet there is and acknowledges none."""
    held: list[Any] = []
    over = asyncio.Event()

    async def hoard(incoming: Any) -> None:  # noqa: ANN401 - aio-pika's message; only `broker` knows it
        if len(held) < parameters.most:
            held.append(incoming)
            await over.wait()
        else:
            await _settled(incoming.ack())

    inboxes = seams.inboxes
    async with AsyncExitStack() as stack:
        for bot in dose.victims(inboxes):
            subscription = inboxes[bot]
            await stack.enter_async_context(_follows_all(seams, bot))
            await stack.enter_async_context(_unread(seams, subscription))
            await stack.enter_async_context(_in_its_place(seams, subscription, hoard, prefetch=0))
        try:
            yield
        finally:
            for incoming in held:  # unread: late tweets are of no use to anybody
                await _settled(incoming.ack())
            over.set()


@asynccontextmanager
async def requeue_loop(seams: Seams, dose: Dose, parameters: RequeueLoop) -> AsyncIterator[None]:
    """A share of the bots gives back each message of its inbox, and gets it again at once."""
    inboxes = seams.inboxes
    victims = dose.victims(inboxes)
    pause = len(victims) / parameters.per_second

    async def give_back(incoming: Any) -> None:  # noqa: ANN401 - aio-pika's message; only `broker` knows it
        template = c.template_of(incoming.routing_key or "")
        if incoming.redelivered:
            seams.metrics.redelivered.labels(template).inc()
        await asyncio.sleep(pause)
        seams.metrics.consumed.labels(template, Outcome.REQUEUED).inc()
        await _settled(incoming.reject(requeue=True))

    async with AsyncExitStack() as stack:
        for bot in victims:
            subscription = inboxes[bot]
            await stack.enter_async_context(_unread(seams, subscription))
            await stack.enter_async_context(_in_its_place(seams, subscription, give_back, prefetch=1))
        yield


async def _settled(answer: Awaitable[None]) -> None:
    """Wait for an acknowledgement; where the connection is lost, the broker delivers again."""
    with suppress(BrokerUnavailableError), translated():
        await answer


@asynccontextmanager
async def _unread(seams: Seams, subscription: Subscription) -> AsyncIterator[None]:
    """Take the consumer away, and put it back unless its bot has left meanwhile."""
    consumer = _consumer(seams)
    seams.taken.add(subscription)
    try:
        await consumer.unsubscribe(subscription)
        yield
    finally:
        seams.taken.discard(subscription)
        while subscription in seams.subscriptions:
            try:
                await consumer.subscribe(subscription, _PATIENCE)
            except (BrokerUnavailableError, NameTakenError):  # it may take long, but a bot must not stay deaf
                await asyncio.sleep(_PAUSE)
            else:
                break


@asynccontextmanager
async def _in_its_place(
    seams: Seams, subscription: Subscription, deliver: Delivery, prefetch: int
) -> AsyncIterator[None]:
    """Let ``deliver`` consume the queue on a channel of its own; 0 is a prefetch without a limit."""
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(_consumer(seams).scratch())
        await channel.set_qos(prefetch_count=prefetch)
        queue = await channel.get_queue(subscription.queue, ensure=False)
        with speaking(subscription.tracer):
            await queue.consume(deliver)
        yield


@asynccontextmanager
async def _follows_all(seams: Seams, bot: str) -> AsyncIterator[None]:
    async with _consumer(seams).scratch() as channel:
        await topology.follow(channel, bot, _ALL_TWEETS)
    try:
        yield
    finally:
        with suppress(ChatterError):  # its inbox may be gone, and the binding with it
            async with _consumer(seams).scratch() as channel:
                inbox = await channel.get_queue(names.inbox(bot), ensure=False)
                await inbox.unbind(names.EXCHANGE, names.tweet_key(_ALL_TWEETS))


def _consumer(seams: Seams) -> Consumer:
    if seams.node is None:
        raise ChatterError("this component is not connected to the broker")
    return seams.node.consumer
