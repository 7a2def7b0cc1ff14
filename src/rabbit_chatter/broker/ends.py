"""Where a stream begins and ends, asked of the stream itself: RabbitMQ's count is seconds old."""

import asyncio
from dataclasses import dataclass

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from opentelemetry.trace import Tracer

from rabbit_chatter import names
from rabbit_chatter.broker.connection import Link
from rabbit_chatter.telemetry.tracing import speaking

_ROUND = 0.25  # seconds between two questions to the broker …
_EMPTY = 6  # … of which so many are answered before a stream that sends nothing is taken for empty
_PATIENCE = 15.0  # seconds for the other end, once one is known


@dataclass(frozen=True)
class Ends:
    """Offsets that are in a stream.

    Attributes:
        oldest: of its first message.
        latest: of the first message in its last chunk, in which there may be some more
            (https://www.rabbitmq.com/docs/streams#consuming).
    """

    oldest: int
    latest: int


async def ends_of(link: Link, stream: str, tracer: Tracer) -> Ends | None:
    """Return where a stream begins and ends; ``None`` if there is nothing in it.

    Raises:
        TimeoutError: it sent only one of its ends.
        BrokerUnavailableError: the connection is not open.
    """
    channel = await link.scratch()
    try:
        await channel.set_qos(prefetch_count=1)
        queue = await channel.get_queue(stream, ensure=False)
        with speaking(tracer):
            oldest, latest = await _peek(queue, "first"), await _peek(queue, "last")
        await _sent_or_empty(channel, oldest, latest)
        if not (oldest.done() or latest.done()):
            return None
        async with asyncio.timeout(_PATIENCE):
            return Ends(await oldest, await latest)
    finally:
        await channel.close()


async def _peek(queue: AbstractQueue, place: str) -> asyncio.Future[int]:
    """Return the offset of the first message at a place, when it comes."""
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def note(incoming: AbstractIncomingMessage) -> None:
        offset = incoming.headers.get(names.STREAM_OFFSET)
        if isinstance(offset, int) and not found.done():
            found.set_result(offset)

    await queue.consume(note, arguments={names.STREAM_OFFSET: place})
    return found


async def _sent_or_empty(channel: AbstractChannel, *ends: asyncio.Future[int]) -> None:
    """Wait until something came, or long enough: a broker without time to send has none to answer, either."""
    for _ in range(_EMPTY):
        if (await asyncio.wait(ends, timeout=_ROUND))[0]:
            return
        await channel.set_qos(prefetch_count=1)
