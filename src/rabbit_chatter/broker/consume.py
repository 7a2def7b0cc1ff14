"""Consumers of a process: started again on every new channel, until they are cancelled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from rabbit_chatter.broker.connection import Link, translated
from rabbit_chatter.broker.delivery import Deliveries, Subscription
from rabbit_chatter.broker.instrumentation import taking_turns
from rabbit_chatter.broker.publish import Publisher
from rabbit_chatter.errors import BrokerRefusedError, BrokerUnavailableError, NameTakenError
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.telemetry.tracing import speaking

_PARALLEL_STARTS = 50
_TAKEN_PAUSE = 2.0  # seconds between attempts to take an inbox back

log = structlog.get_logger()


class Consumer:
    """All subscriptions of a process, on one connection and one channel.

    Args:
        link: the consuming connection; every subscription is started again on each new channel.
        publisher: buries what cannot be handled.
        metrics: what happened is counted here.
        prefetch: deliveries in hand per queue; 1 keeps the order within a conversation.
        concurrency: deliveries that are worked on at a time, of all queues; ``None``: all that come.
    """

    def __init__(
        self,
        link: Link,
        publisher: Publisher,
        metrics: Metrics,
        prefetch: int = 1,
        concurrency: int | None = None,
    ) -> None:
        self._link = link
        link.on_open.append(self._on_open)
        self._prefetch = prefetch
        self._deliveries = Deliveries(publisher, metrics, concurrency)
        self._subscriptions: set[Subscription] = set()
        self._taking_back: set[asyncio.Task[None]] = set()

    async def subscribe(self, subscription: Subscription, patience: float = 30.0) -> None:
        """Begin to consume, now and after every reconnection; one that happens meanwhile does it, too.

        Raises:
            BrokerUnavailableError: not connected within ``patience`` seconds.
            BrokerRefusedError: a permission or a queue is missing.
            NameTakenError: the queue is another bot's inbox.
        """
        channel = await self._link.channel(patience)
        self._subscriptions.add(subscription)
        try:
            with translated():
                await self._start(subscription, channel)
        except (NameTakenError, BrokerRefusedError):
            self._subscriptions.discard(subscription)
            raise
        except BrokerUnavailableError as error:
            log.info("consumer.postponed", queue=subscription.queue, error=str(error))

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Stop consuming; a delivery in hand is still finished."""
        self._subscriptions.discard(subscription)
        if subscription.tag is not None and self._link.is_open:
            with suppress(BrokerUnavailableError), translated():
                queue = await (await self._link.channel(0)).get_queue(subscription.queue, ensure=False)
                await queue.cancel(subscription.tag)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[AbstractChannel]:
        """Open a channel for a declaration that the broker may refuse by closing it.

        Raises:
            BrokerUnavailableError: not connected, or not any more.
        """
        with translated():
            channel = await self._link.scratch()
            try:
                yield channel
            finally:
                if not channel.is_closed:
                    await channel.close()

    async def drain(self, deadline: float) -> bool:
        """Take nothing more and wait up to ``deadline`` seconds for what is in hand.

        Returns:
            Whether all of it was finished; the rest will be redelivered to somebody.
        """
        for task in self._taking_back:
            task.cancel()
        await asyncio.gather(*(self.unsubscribe(s) for s in list(self._subscriptions)))
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline):
                await self._deliveries.in_hand.idle.wait()
        return self._deliveries.in_hand.idle.is_set()

    async def _on_open(self, channel: AbstractChannel) -> None:
        await channel.set_qos(prefetch_count=self._prefetch)
        waiting = list(self._subscriptions)
        for start in range(0, len(waiting), _PARALLEL_STARTS):
            await asyncio.gather(
                *(self._restart(s, channel) for s in waiting[start : start + _PARALLEL_STARTS])
            )

    async def _restart(self, subscription: Subscription, channel: AbstractChannel) -> None:
        try:
            await self._start(subscription, channel)
        except NameTakenError:
            # By ourselves, most likely: the broker has not yet noticed that our old connection is dead.
            task = asyncio.create_task(self._take_back(subscription, channel), name=subscription.queue)
            self._taking_back.add(task)
            task.add_done_callback(self._taking_back.discard)

    async def _take_back(self, subscription: Subscription, channel: AbstractChannel) -> None:
        while subscription in self._subscriptions and not channel.is_closed:
            await asyncio.sleep(_TAKEN_PAUSE)
            with suppress(NameTakenError, BrokerUnavailableError), translated():
                await self._start(subscription, channel)
                return

    async def _start(self, subscription: Subscription, channel: AbstractChannel) -> None:
        if subscription.declare is not None:
            async with self.scratch() as scratch:
                await subscription.declare(scratch)
        queue = await channel.get_queue(subscription.queue, ensure=False)

        async def deliver(incoming: AbstractIncomingMessage) -> None:
            await self._deliveries.settle(subscription, incoming)

        with speaking(subscription.tracer), taking_turns(self._deliveries.turn(subscription)):
            subscription.tag = await queue.consume(deliver)
