"""Hear something: acknowledged after the work, told apart when it comes twice, never lost.

========================  ====================================================================
a delivery …              ends
========================  ====================================================================
is handled                acknowledged
was handled before        acknowledged, outcome ``duplicate``
cannot be read            in ``chatter.dead-letters`` with ``x-reason``, then acknowledged
makes the handler fail    back in the queue; the second time in ``chatter.dead-letters``
========================  ====================================================================
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from opentelemetry import trace
from opentelemetry.trace import StatusCode, Tracer
from pamqp.common import FieldTable

from rabbit_chatter import names
from rabbit_chatter.broker.connection import translated
from rabbit_chatter.broker.publish import Publisher
from rabbit_chatter.clock import NANOSECONDS, monotonic, now_ns
from rabbit_chatter.errors import BadMessageError, BrokerUnavailableError
from rabbit_chatter.messages import DETAIL_HEADER, REASON_HEADER, Message, Properties, Reason, new_id, parse
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.telemetry.metrics import Children, Metrics, Outcome, exemplar

_REMEMBERED = 128  # what comes twice comes soon, as prefetch is small

_LONGEST_WAIT = 86_400.0  # seconds; nothing is kept that long, so the sender's clock is in another age

log = structlog.get_logger()

Handler = Callable[[Message], Awaitable[None]]


class InHand:
    """How many deliveries somebody has, waiting for their turn or worked on.

    Attributes:
        idle: set while there is none.
    """

    def __init__(self) -> None:
        self._count = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def take(self) -> None:
        """Count one more."""
        self._count += 1
        self.idle.clear()

    def put_down(self) -> None:
        """Count one less."""
        self._count -= 1
        if not self._count:
            self.idle.set()


@dataclass(eq=False, slots=True)
class Subscription:
    """One consumer of one queue, started again on every new channel.

    Attributes:
        queue: name of the queue.
        handler: called with each message, one at a time, in order.
        tracer: whose spans these are.
        dialect: label of the histograms.
        declare: makes the queue, on a channel that may be lost; ``None`` if it is there already.
        urgent: does not wait until a process that works on enough messages has finished one.
        seen: ids that were handled; shared where a queue is listened to again and again.
        in_hand: its deliveries.
    """

    queue: str
    handler: Handler
    tracer: Tracer
    dialect: str = ""
    declare: Callable[[AbstractChannel], Awaitable[object]] | None = None
    urgent: bool = False
    tag: str | None = None
    seen: dict[str, None] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    in_hand: InHand = field(default_factory=InHand)

    def remember(self, message_id: str) -> None:
        """Note that ``message_id`` was handled."""
        self.seen[message_id] = None
        if len(self.seen) > _REMEMBERED:
            del self.seen[next(iter(self.seen))]


class Deliveries:
    """Settles deliveries, and counts how each ended.

    Args:
        publisher: buries what cannot be handled.
        metrics: what happened is counted here.
        concurrency: deliveries that are worked on at a time; ``None``: all that come.

    Attributes:
        in_hand: all deliveries.
    """

    def __init__(self, publisher: Publisher, metrics: Metrics, concurrency: int | None = None) -> None:
        self._publisher = publisher
        self._metrics = metrics
        self._consumed = Children(metrics.consumed)
        self._process = Children(metrics.process)
        self._wait = Children(metrics.queue_wait)
        self.in_hand = InHand()
        self._places = None if concurrency is None else asyncio.Semaphore(concurrency)

    async def settle(self, subscription: Subscription, incoming: AbstractIncomingMessage) -> None:
        """Handle one delivery; whatever goes wrong, it ends settled or is redelivered."""
        for held in (self.in_hand, subscription.in_hand):
            held.take()
        started, template = monotonic(), c.template_of(incoming.routing_key or "")
        if incoming.redelivered:
            self._metrics.redelivered.labels(template).inc()
        try:
            async with subscription.lock:
                with translated():
                    outcome = await self._handle(subscription, incoming, template)
            self._consumed[template, outcome].inc()
        except BrokerUnavailableError as error:  # not settled: the broker will deliver it again
            log.warning("message.not_settled", queue=subscription.queue, error=str(error))
        finally:
            for held in (self.in_hand, subscription.in_hand):
                held.put_down()
        self._process[template, subscription.dialect].observe(monotonic() - started, exemplar())

    def turn(self, subscription: Subscription) -> AbstractAsyncContextManager[None]:
        """Return that within which deliveries to ``subscription`` are worked on."""
        if self._places is None or subscription.urgent:
            return nullcontext()
        return _Turn(self._places, (self.in_hand, subscription.in_hand))

    async def _handle(
        self, subscription: Subscription, incoming: AbstractIncomingMessage, template: str
    ) -> Outcome:
        try:
            message = parse(incoming.body, properties_of(incoming))
            if message.id in subscription.seen:  # nobody waited for it, as it was here before
                await incoming.ack()
                return Outcome.DUPLICATE
            self._observe_wait(message, template, subscription.dialect)
            await subscription.handler(message)
        except BadMessageError as error:
            return await self._bury(incoming, error)
        except Exception as error:
            log.exception("message.handler_failed", queue=subscription.queue, message_id=incoming.message_id)
            _mark_failed(error)
            if incoming.redelivered:
                return await self._bury(incoming, BadMessageError(Reason.HANDLER_FAILED, repr(error)))
            await incoming.reject(requeue=True)
            return Outcome.REQUEUED
        subscription.remember(message.id)
        # Before the acknowledgement: whoever dies in between has handled it, and the broker keeps it as well.
        log.debug("message.handled", kind=message.kind, message_id=message.id)
        await incoming.ack()
        return Outcome.OK

    def _observe_wait(self, message: Message, template: str, dialect: str) -> None:
        if not message.sent_ns:
            return
        wait = (now_ns() - message.sent_ns) / NANOSECONDS
        if wait < 0:
            self._metrics.negative_wait.inc()
        if wait < _LONGEST_WAIT:
            self._wait[template, dialect].observe(max(wait, 0.0), exemplar())

    async def _bury(self, incoming: AbstractIncomingMessage, error: BadMessageError) -> Outcome:
        """Put the message with its reason into the dead letters, and only then take it off its queue."""
        _mark_failed(error)
        headers: FieldTable = {REASON_HEADER: error.reason, DETAIL_HEADER: error.detail[:500]}
        await self._publisher.send(
            names.DEAD_EXCHANGE,
            incoming.routing_key or "",
            incoming.body,
            incoming.message_id or new_id(),
            "dead-letter",
            incoming.correlation_id,
            headers,
        )
        await incoming.ack()
        self._metrics.dead_lettered.labels(error.reason).inc()
        log.warning(
            "message.dead_lettered", reason=error.reason, detail=error.detail, key=incoming.routing_key
        )
        return Outcome.DEAD_LETTERED


@dataclass(frozen=True)
class _Turn(AbstractAsyncContextManager[None]):
    """Waits until a delivery's turn has come: first come, first served."""

    places: asyncio.Semaphore
    counts: tuple[InHand, ...]

    async def __aenter__(self) -> None:
        for held in self.counts:
            held.take()
        try:
            await self.places.acquire()
        except BaseException:
            self._put_down()
            raise

    async def __aexit__(self, *_: object) -> None:
        self.places.release()
        self._put_down()

    def _put_down(self) -> None:
        for held in self.counts:
            held.put_down()


def properties_of(incoming: AbstractIncomingMessage) -> Properties:
    """Return what AMQP says of a delivery, in our own terms."""
    return Properties(
        message_id=incoming.message_id,
        type=incoming.type,
        correlation_id=incoming.correlation_id,
        headers=incoming.headers,
        timestamp=incoming.timestamp.timestamp() if incoming.timestamp else None,
    )


def _mark_failed(error: Exception) -> None:
    span = trace.get_current_span()
    if span.is_recording():
        span.record_exception(error)
        span.set_status(StatusCode.ERROR, str(error)[:200])
        span.set_attribute(c.ERROR_TYPE, getattr(error, "reason", type(error).__name__))
