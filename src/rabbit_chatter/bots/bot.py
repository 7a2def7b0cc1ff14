"""A bot: it has a name, a voice and a pace, looks for company, and tweets."""

import asyncio

import structlog

from rabbit_chatter import names
from rabbit_chatter.bots.cast import Role
from rabbit_chatter.bots.pacing import Pace
from rabbit_chatter.bots.talk import Talk
from rabbit_chatter.bots.voice import Voice
from rabbit_chatter.bots.world import World
from rabbit_chatter.broker import Subscription, topology
from rabbit_chatter.clock import monotonic
from rabbit_chatter.dialects import Persona
from rabbit_chatter.errors import BadMessageError, ChatterError
from rabbit_chatter.messages import Kind, Message, Reason, new_id
from rabbit_chatter.telemetry.tracing import speaker

MOST_FOLLOWED = 5
_ALONE_SECONDS = 1.0  # at first the directory knows nobody

log = structlog.get_logger()


class Bot:
    """One participant of the network.

    Args:
        persona: its name and its dice.
        voice: how it talks.
        world: its surroundings.
        role: how fast it is, and whom it follows; where that is not said, it follows whom it talks with.
    """

    def __init__(self, persona: Persona, voice: Voice, world: World, role: Role) -> None:
        self.name = persona.name
        self.dialect = voice.name
        self.tempo = role.tempo
        self._rng = persona.rng
        self._voice = voice
        self._world = world
        self._pace = Pace(world.tempo * role.tempo, persona.rng)
        self._tracer = world.tracing.tracer(f"bot-{voice.name}", self.name)
        self._talk = Talk(self.name, voice, self._pace, world, self._tracer)
        self._follows: set[str] = set(role.follows)
        self._follows_partners = not role.follows
        self._inbox = Subscription(
            names.inbox(self.name), self._read, self._tracer, voice.name, self._declare_inbox
        )
        self._life: asyncio.Task[None] | None = None

    @property
    def conversations(self) -> int:
        """How many conversations it takes part in."""
        return self._talk.open

    async def join(self) -> None:
        """Enter the network under this name and begin to live.

        Raises:
            NameTakenError: another bot has the name.
            BrokerUnavailableError: RabbitMQ is away.
        """
        await self._world.consumer.subscribe(self._inbox)
        self._life = self._world.tasks.create_task(self._live(), name=f"bot {self.name}")

    async def leave(self) -> None:
        """Say goodbye, and free the name."""
        if self._life is not None:
            self._life.cancel()
        speaker.set(self._tracer)
        await self._talk.leave()
        await self._world.consumer.unsubscribe(self._inbox)
        try:
            async with self._world.consumer.scratch() as channel:
                await topology.delete_inbox(channel, self.name)
        except ChatterError as error:
            log.debug("bot.inbox_gone", bot=self.name, error=str(error))

    async def _live(self) -> None:
        speaker.set(self._tracer)
        await self._world.pause(self._rng.uniform(0, 2) / self._world.tempo)
        tweet_at = monotonic() + self._rng.random() * self._pace.until_tweet()
        while not self._world.hurry.is_set():
            try:
                self._talk.abandon_silent()
                if monotonic() >= tweet_at:
                    await self._tweet()
                    tweet_at = monotonic() + self._pace.until_tweet()
                if not self._talk.partners:
                    await self._find_company()
                pause = self._pace.lonely() if self._talk.partners else _ALONE_SECONDS / self._world.tempo
            except ChatterError as error:  # the broker is away: what is due is tried again after a pause
                log.warning("bot.hindered", bot=self.name, error=str(error))
                pause = self._pace.lonely()
            await self._world.pause(pause)

    async def _find_company(self) -> None:
        others = [bot for bot in await self._world.directory.bots() if bot != self.name]
        if not others or self._world.hurry.is_set():
            return
        partner = self._rng.choice(others)
        await self._follow(partner)
        await self._talk.start(partner)

    async def _follow(self, other: str) -> None:
        if self._follows_partners and other not in self._follows and len(self._follows) < MOST_FOLLOWED:
            self._follows.add(other)
            async with self._world.consumer.scratch() as channel:
                await topology.follow(channel, self.name, other)

    async def _tweet(self) -> None:
        with self._tracer.start_as_current_span("tweet"):
            text = await self._voice.tweet()
            message = Message(new_id(), Kind.TWEET, self.name, text, dialect=self.dialect)
            await self._world.publisher.publish(message)
            log.info("tweet.posted", bot=self.name, message_id=message.id)

    async def _read(self, message: Message) -> None:
        """Handle what arrives in the inbox."""
        if message.kind is Kind.TWEET:
            await self._world.pause(self._pace.reading(message.text))
        elif message.kind is Kind.INVITE:
            await self._talk.accept(message)
        else:
            raise BadMessageError(Reason.NOT_FOR_ME, f"a {message.kind} has no place in an inbox")

    async def _declare_inbox(self, channel: topology.Channel) -> None:
        arguments = {
            topology.DIALECT_ARGUMENT: self.dialect,
            topology.INSTANCE_ARGUMENT: self._world.instance,
        }
        await topology.declare_inbox(channel, self.name, sorted(self._follows), arguments)
