"""Read a RabbitMQ stream: everything that was said, in order, as often as one likes.

A stream keeps messages after they were read; a consumer says where to begin, and every delivery carries its
place in the header ``x-stream-offset`` (https://www.rabbitmq.com/docs/streams#consuming). An
acknowledgement only makes room for the next delivery. So nothing here is requeued or buried: what cannot be
read is a copy, whose original is the bots' business.

=================  ===========================================================================
a reader begins …  at
=================  ===========================================================================
first              the oldest message that is kept, or as many from the end as are wanted
after a lost link  the last message it has seen, which must be the same one: a broker that was set
                   up anew counts from 0 again, and waiting for the old place would be deafness
=================  ===========================================================================
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from opentelemetry.trace import Tracer

from rabbit_chatter import names
from rabbit_chatter.broker.connection import Link, translated
from rabbit_chatter.broker.delivery import properties_of
from rabbit_chatter.broker.ends import Ends, ends_of
from rabbit_chatter.broker.entry import Entry, Listener, trace_of
from rabbit_chatter.broker.instrumentation import tracing_news
from rabbit_chatter.clock import NANOSECONDS, monotonic, now_ns
from rabbit_chatter.errors import BadMessageError, ChatterError
from rabbit_chatter.messages import SENT_HEADER, Message, Reason, parse
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.telemetry.metrics import Children, Metrics, Outcome, exemplar
from rabbit_chatter.telemetry.tracing import speaking

_TICK = 0.375  # seconds between two questions to the broker, whose answers are what silence is counted in
_QUIET = 1.5  # seconds without a delivery after which there is no more history
_LATE = 15.0  # the same, before the last chunk that there was at the start
_MISSED = 3.0  # seconds after which the last message seen is gone from the stream
_ACK_EVERY = 50  # deliveries of history per acknowledgement; must be well below the prefetch

log = structlog.get_logger()


@dataclass(eq=False)
class StreamReader:
    """One consumer of one stream, started again at the right place on every new channel.

    Args:
        link: a connection of its own, as it acknowledges all deliveries of a channel up to the latest.
        stream: name of the stream.
        listener: is told what is in it.
        tracer: whose spans live deliveries are.
        metrics: live deliveries are counted here; history was counted when it was live.
        window: how many of the latest messages are worth reading at first, about.
        prefetch: deliveries in hand; a stream wants many.

    Attributes:
        caught_up: set once all that was said before the start has been read.
    """

    link: Link
    stream: str
    listener: Listener
    tracer: Tracer
    metrics: Metrics
    window: int = 100_000
    prefetch: int = 200

    def __post_init__(self) -> None:
        self.caught_up = asyncio.Event()
        self._started_ns = now_ns()
        self._last: tuple[int, str | None] | None = None
        self._resuming = False
        self._ends: Ends | None = None
        self._round = 0
        self._silent = 0.0
        self._queue: AbstractQueue | None = None
        self._tag: str | None = None
        self._watch: asyncio.Task[None] | None = None
        self._consumed = Children(self.metrics.consumed)
        self._wait = Children(self.metrics.queue_wait)
        self._process = Children(self.metrics.process)
        self.link.on_open.append(self._on_open)

    async def close(self) -> None:
        """Take nothing more."""
        if self._watch is not None:
            self._watch.cancel()
        if self._queue is not None and self._tag is not None and self.link.is_open:
            with suppress(*CONNECTION_EXCEPTIONS):
                await self._queue.cancel(self._tag)

    async def _on_open(self, channel: AbstractChannel) -> None:
        await channel.set_qos(prefetch_count=self.prefetch)
        self._queue = await channel.get_queue(self.stream, ensure=False)
        await self._consume()
        if self._watch is not None:
            self._watch.cancel()
        self._watch = asyncio.create_task(self._watching(channel), name="stream watch")

    async def _consume(self) -> None:
        assert self._queue is not None
        self._round += 1  # what an earlier consumer still has in hand comes again through this one
        self._resuming = self._last is not None
        start = self._last[0] if self._last else await self._place()
        self._silent = 0.0
        with speaking(self.tracer), tracing_news(self._is_news):
            self._tag = await self._queue.consume(
                partial(self._deliver, self._round), arguments={names.STREAM_OFFSET: start}
            )
        log.info("stream.reading", stream=self.stream, offset=start)

    async def _place(self) -> int | str:
        """Return where the latest ``window`` messages begin.

        Hours of talk are in a stream, and reading takes a minute for half a million messages.
        """
        self._ends = ends = await ends_of(self.link, self.stream)
        if ends is None or ends.latest - ends.oldest < self.window:
            return "first"
        return ends.latest - self.window + 1

    async def _watching(self, channel: AbstractChannel) -> None:
        """Notice silence: at first it is the end of history, after a lost link it is another stream.

        Time alone is no silence: the broker, or this process, may have been too busy, or asleep. What it had
        sent is here before its answer to a question on the same channel.
        """
        while self._resuming or not self.caught_up.is_set():
            await asyncio.sleep(_TICK)
            with suppress(ChatterError), translated():
                await channel.set_qos(prefetch_count=self.prefetch)
                self._silent += _TICK
            if self._resuming and self._silent > _MISSED:
                await self._begin_anew()
            elif not self._resuming and self._silent > self._most_silent:
                self._catch_up()

    @property
    def _most_silent(self) -> float:
        """Seconds of silence after which there is no more history."""
        if self._ends is None:
            return 0.0
        return _LATE if self._last is None or self._last[0] < self._ends.latest else _QUIET

    def _is_news(self, incoming: AbstractIncomingMessage) -> bool:
        """Return whether a delivery is to be traced: it is new, and was not traced by another process."""
        offset, sent = incoming.headers.get(names.STREAM_OFFSET), incoming.headers.get(SENT_HEADER)
        if not isinstance(offset, int) or (self._last is not None and offset <= self._last[0]):
            return False
        return self._is_after_start(offset, sent if isinstance(sent, int) else self._started_ns)

    def _is_after_start(self, offset: int, sent_ns: int) -> bool:
        """Return whether a message was said since the start: it was not there then, whatever its clock."""
        return sent_ns >= self._started_ns and (self._ends is None or offset > self._ends.latest)

    async def _begin_anew(self) -> None:
        log.warning("stream.replaced", stream=self.stream)
        self._last, self._resuming = None, False
        self.caught_up.clear()
        self.listener.forget()
        assert self._queue is not None
        try:
            if self._tag is not None:
                await self._queue.cancel(self._tag)
            await self._consume()
        except (TimeoutError, ChatterError, *CONNECTION_EXCEPTIONS) as error:
            log.warning("stream.unreadable", stream=self.stream, error=str(error) or type(error).__name__)
            with suppress(*CONNECTION_EXCEPTIONS):
                await self._queue.channel.close()  # on the next one, all begins anew

    def _catch_up(self) -> None:
        if not self.caught_up.is_set():
            self.caught_up.set()
            self.listener.catch_up()
            log.info("stream.caught_up", stream=self.stream, offset=self._last and self._last[0])

    async def _deliver(self, number: int, incoming: AbstractIncomingMessage) -> None:
        """Tell the listener of one delivery; nothing that is in it may stop the flow."""
        if number != self._round:
            return
        self._silent = 0.0
        offset = incoming.headers.get(names.STREAM_OFFSET)
        assert isinstance(offset, int)
        if self._resuming and not await self._is_same_stream(offset, incoming.message_id):
            return
        if self._last is None or offset > self._last[0]:
            self._last = offset, incoming.message_id
            self._read(offset, incoming)
        if self.caught_up.is_set() or (incoming.delivery_tag or 0) % _ACK_EVERY == 0:
            with suppress(*CONNECTION_EXCEPTIONS):
                await incoming.ack(multiple=True)

    async def _is_same_stream(self, offset: int, message_id: str | None) -> bool:
        self._resuming = False
        if self._last is None or (offset, message_id) == self._last or offset > self._last[0]:
            return True
        await self._begin_anew()
        return False

    def _read(self, offset: int, incoming: AbstractIncomingMessage) -> None:
        started, template = monotonic(), c.template_of(incoming.routing_key or "")
        try:
            message = parse(incoming.body, properties_of(incoming))
            if self._is_after_start(offset, message.sent_ns):
                self._catch_up()
            header = incoming.headers.get("traceparent")
            trace_id, sampled = trace_of(header)
            new = self.listener.take(
                Entry(offset, message, trace_id, sampled, str(header) if trace_id else None)
            )
        except BadMessageError as error:
            self.listener.skip(offset, error)
        except Exception as error:
            log.exception("stream.listener_failed", stream=self.stream, offset=offset)
            self.listener.skip(offset, BadMessageError(Reason.HANDLER_FAILED, repr(error)))
        else:
            if self.caught_up.is_set():
                outcome = Outcome.OK if new else Outcome.DUPLICATE
                self._consumed[template, outcome].inc()
                self._process[template, ""].observe(monotonic() - started, exemplar())
                self._observe_wait(message, template)

    def _observe_wait(self, message: Message, template: str) -> None:
        if message.sent_ns:
            wait = (now_ns() - message.sent_ns) / NANOSECONDS
            if wait < 0:
                self.metrics.negative_wait.inc()
            self._wait[template, ""].observe(max(wait, 0.0), exemplar())
