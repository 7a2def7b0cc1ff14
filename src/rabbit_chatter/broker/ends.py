"""Where a stream begins and ends, asked of the stream itself: RabbitMQ's count is seconds old."""

import asyncio
from dataclasses import dataclass

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from rabbit_chatter import names
from rabbit_chatter.broker.connection import Link
from rabbit_chatter.broker.instrumentation import tracing_news

_ROUND = 0.25  # seconds between two questions how many messages there are …
_EMPTY = 6  # … after so many answers that there are none, a stream that sends nothing is taken for empty
_PATIENCE = 15.0  # seconds for all that


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


async def ends_of(link: Link, stream: str) -> Ends | None:
    """Return where a stream begins and ends; ``None`` if there is nothing in it.

    Raises:
        TimeoutError: there is something in it, but it did not come.
        BrokerUnavailableError: the connection is not open.
    """
    channel = await link.scratch()
    try:
        await channel.set_qos(prefetch_count=1)
        queue = await channel.get_queue(stream, ensure=False)
        with tracing_news(lambda _: False):
            oldest, latest = await _peek(queue, "first"), await _peek(queue, "last")
        async with asyncio.timeout(_PATIENCE):
            if await _is_empty(channel, stream, oldest, latest):
                return None
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


async def _is_empty(channel: AbstractChannel, stream: str, *ends: asyncio.Future[int]) -> bool:
    """Return whether nothing came for long enough, by RabbitMQ's answers: it may be busy, and so may we."""
    empty = 0
    while empty < _EMPTY:
        if (await asyncio.wait(ends, timeout=_ROUND))[0]:
            return False
        found = await channel.declare_queue(stream, passive=True)
        empty = 0 if found.declaration_result.message_count else empty + 1
    return True
