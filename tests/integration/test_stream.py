"""Reading the stream: where reading begins, and what is not mistaken for its end or for another stream."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractChannel
from opentelemetry.trace import NoOpTracer
from prometheus_client import CollectorRegistry

from rabbit_chatter import names
from rabbit_chatter.broker import Entry, Link, Node, StreamReader
from rabbit_chatter.clock import NANOSECONDS, wrong_by
from rabbit_chatter.errors import BadMessageError
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.settings import BrokerSettings, Topology
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.up.private import PrivateBroker

DEADLINE = 30  # seconds


class Notes:
    """Whoever listens, and the connection that it listens on."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.heard_before = -1
        self.forgotten = 0
        self.channels: list[AbstractChannel] = []

    def take(self, entry: Entry) -> bool:
        """Note a message."""
        self.ids.append(entry.message.id)
        return True

    def skip(self, offset: int, error: BadMessageError) -> None:
        """Pass over what other tests published."""

    def catch_up(self) -> None:
        """Note how much was history."""
        self.heard_before = len(self.ids)

    def forget(self) -> None:
        """Note that all begins anew."""
        self.forgotten += 1

    async def until(self, true: Callable[[], bool]) -> None:
        """Return when something holds."""
        async with asyncio.timeout(DEADLINE):
            while not true():  # noqa: ASYNC110 - the listener's calls are no events
                await asyncio.sleep(0.02)


@asynccontextmanager
async def reading(broker: PrivateBroker, window: int, sleep: float = 0.0) -> AsyncIterator[Notes]:
    """Read the stream; the process sleeps for a while whenever the broker was asked for it."""
    settings = BrokerSettings(amqp_url=broker.amqp_url("chatter-server"))
    metrics, notes = Metrics(CollectorRegistry(), "test"), Notes()
    link = Link(settings, "stream", {"component": "server", "instance": "test"}, metrics)
    reader = StreamReader(link, names.FIREHOSE, notes, NoOpTracer(), metrics, window)

    async def doze(channel: AbstractChannel) -> None:
        await asyncio.sleep(0)  # the watch for silence has begun
        time.sleep(sleep)  # noqa: ASYNC251 - it is the whole process that sleeps
        notes.channels.append(channel)

    link.on_open.append(doze)
    async with link:
        await notes.until(reader.caught_up.is_set)
        yield notes
        await reader.close()


async def say(broker: PrivateBroker, count: int) -> list[str]:
    """Say so many things, each confirmed before the next, and return their ids."""
    settings = BrokerSettings(amqp_url=broker.amqp_url("chatter-bot"))
    messages = [Message(new_id(), Kind.TWEET, "speaker", str(number)) for number in range(count)]
    async with Node(settings, Metrics(CollectorRegistry(), "bots"), Topology.TRACE, "bots", "test") as node:
        for message in messages:
            await node.publisher.publish(message)
    return [message.id for message in messages]


async def test_a_window_begins_so_many_messages_before_the_end(broker: PrivateBroker) -> None:
    """RabbitMQ's own count knows nothing yet of what was said in the last seconds."""
    said = await say(broker, 30)
    async with reading(broker, window=10) as notes:
        assert notes.ids == said[-10:]


async def test_a_clock_ahead_does_not_end_history(broker: PrivateBroker) -> None:
    """A message from tomorrow that was here at the start is as old as its neighbours."""
    with wrong_by(24 * 3600 * NANOSECONDS):
        await say(broker, 1)
    said = await say(broker, 300)
    async with reading(broker, window=301) as notes:
        assert (notes.ids[1:], notes.heard_before) == (said, 301)


async def test_who_sleeps_does_not_take_that_for_another_stream(broker: PrivateBroker) -> None:
    """After a lost connection reading goes on where it was, whether or not there was time to listen."""
    said = await say(broker, 5)
    async with reading(broker, window=5, sleep=4.0) as notes:
        await notes.channels[0].close()
        await notes.until(lambda: len(notes.channels) == 2)
        more = await say(broker, 5)
        await notes.until(lambda: more[-1] in notes.ids)
        assert (notes.ids, notes.forgotten) == (said + more, 0)
