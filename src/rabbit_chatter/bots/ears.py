"""The queues that a bot listens to: one for each partner, for as long as they have a conversation."""

import asyncio

import structlog
from opentelemetry.trace import Tracer

from rabbit_chatter import names
from rabbit_chatter.bots.world import World
from rabbit_chatter.broker import Handler, Subscription, topology
from rabbit_chatter.errors import ChatterError

_PATIENCE_SECONDS = 60.0
LINGER_SECONDS = 5.0  # in which a goodbye arrives that crossed our last word

log = structlog.get_logger()


class Ears:
    """Listens to partners, and leaves no queue behind in which nothing can come any more.

    Args:
        name: the bot's.
        dialect: what it speaks; a label of its metrics.
        hear: handles each message.
        tracer: the bot's own.
        world: the surroundings.
    """

    def __init__(self, name: str, dialect: str, hear: Handler, tracer: Tracer, world: World) -> None:
        self._name = name
        self._dialect = dialect
        self._hear = hear
        self._tracer = tracer
        self._world = world
        self._listening: dict[str, Subscription] = {}
        self._wanted: dict[str, set[str]] = {}  # by partner: for which conversations
        self._unsure: set[str] = set()  # partners that may say more in a conversation that is over for us
        self._seen: dict[str, None] = {}  # of all conversations: a queue may be listened to again
        self._closing: set[asyncio.Task[None]] = set()
        self._wiring = asyncio.Lock()  # a queue is not deleted while a new conversation declares it

    async def open(self, partner: str, conversation: str) -> None:
        """Listen to ``partner``; returns when whatever it says is heard.

        Raises:
            BrokerUnavailableError: the broker is away.
            BrokerRefusedError: a permission is missing.
        """
        wanted = self._wanted.setdefault(partner, set())
        wanted.add(conversation)
        try:
            async with self._wiring:
                if partner not in self._listening:
                    self._listening[partner] = await self._subscribed(partner)
        except ChatterError:
            wanted.discard(conversation)
            raise

    async def _subscribed(self, partner: str) -> Subscription:
        subscription = Subscription(
            names.dm_queue(partner, self._name),
            self._hear,
            self._tracer,
            self._dialect,
            lambda channel: topology.declare_dm(channel, partner, self._name),
            seen=self._seen,
        )
        await self._world.consumer.subscribe(subscription)
        return subscription

    async def is_heard_by(self, partner: str) -> bool:
        """Return whether ``partner`` listens to us.

        Raises:
            BrokerUnavailableError: the broker is away.
        """
        async with self._world.consumer.scratch() as channel:
            _, listeners = await topology.look_at_dm(channel, self._name, partner)
        return listeners > 0

    async def heard_out(self, partner: str) -> bool:
        """Return whether ``partner`` listens to us no more, and everything it said has been given to us.

        Raises:
            BrokerUnavailableError: the broker is away.
        """
        if await self.is_heard_by(partner):
            return False
        async with self._world.consumer.scratch() as channel:
            waiting, _ = await topology.look_at_dm(channel, partner, self._name)
        return not waiting

    def close(self, partner: str, conversation: str, *, silent: bool, crossing: bool) -> None:
        """Listen no more, unless there is another conversation with ``partner``.

        Args:
            partner: with whom it was.
            conversation: which.
            silent: the partner will say nothing more in it.
            crossing: unless it did so when it had not yet heard our last word.
        """
        if not silent and not crossing:
            self._unsure.add(partner)
        wanted = self._wanted.get(partner, set())
        wanted.discard(conversation)
        if not wanted:
            # Not here and now: the message that ended it is acknowledged first, on this very queue.
            task = self._world.tasks.create_task(self._stop(partner, LINGER_SECONDS if crossing else 0.0))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def closed(self) -> None:
        """Return when everything that was closed is."""
        await asyncio.gather(*self._closing)

    async def _stop(self, partner: str, linger: float) -> None:
        """Cancel the consumer; delete the queue only where nobody can still be writing to it.

        A partner that we gave up may have an answer on its way; the queue's policy turns that into a dead
        letter in time, and then removes the queue.
        """
        await self._world.pause(linger)
        if linger and self._world.hurry.is_set():
            self._unsure.add(partner)
        async with self._wiring:
            if self._wanted.get(partner) or partner not in self._listening:
                return
            self._wanted.pop(partner, None)
            subscription = self._listening.pop(partner)
            await self._world.consumer.unsubscribe(subscription)
        sure = await self._finished(subscription)
        async with self._wiring:
            if partner in self._listening:
                return
            if sure and partner not in self._unsure:
                await self._delete(partner)
            self._unsure.discard(partner)

    async def _finished(self, subscription: Subscription) -> bool:
        """Wait for what is in hand: it would go down with its queue if we died over it."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await subscription.in_hand.idle.wait()
        except TimeoutError:
            return False
        return True

    async def _delete(self, partner: str) -> None:
        try:
            async with self._world.consumer.scratch() as channel:
                await topology.delete_dm(channel, partner, self._name, self._world.queue_type)
        except ChatterError as error:
            log.debug("conversation.queue_kept", bot=self._name, partner=partner, error=str(error))
