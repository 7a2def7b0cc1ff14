"""The bots of one process: as many as were asked for, each under a name of its own."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from statistics import fmean

import msgspec
import structlog

from rabbit_chatter.bots.bot import Bot
from rabbit_chatter.bots.cast import MOST_BOTS, Role
from rabbit_chatter.bots.pacing import expected_rate
from rabbit_chatter.bots.repertoire import Repertoire
from rabbit_chatter.bots.voice import Voice
from rabbit_chatter.bots.world import World
from rabbit_chatter.dialects import Dialect, Persona
from rabbit_chatter.errors import BadMessageError, BrokerUnavailableError, NameTakenError
from rabbit_chatter.messages import Message, Reason
from rabbit_chatter.names import bot_names

_AT_ONCE = 50

log = structlog.get_logger()


class Orders(msgspec.Struct, frozen=True):
    """The text of a ``control`` message: how many bots each process shall have, by instance."""

    scale: dict[str, int]


class Population:
    """Grows and shrinks.

    Args:
        world: the bots' surroundings.
        repertoire: what they speak.
        seed: decides names, voices and what is said, as far as timing does not.
        roles: bots with names of their own; they join first.
        around: what goes around each dialect; by default nothing.
    """

    def __init__(
        self,
        world: World,
        repertoire: Repertoire,
        seed: str,
        roles: Sequence[Role] = (),
        around: Callable[[Dialect], Dialect] = lambda dialect: dialect,
    ) -> None:
        self._world = world
        self._repertoire = repertoire
        self._around = around
        self._roles = {role.name: role for role in roles}
        self._rng = random.Random(seed)  # noqa: S311 - a game, not a secret
        self._names = bot_names(self._rng)
        self._waiting = deque(roles)
        self._taken: set[str] = set(self._roles)
        self._lock = asyncio.Lock()
        self.bots: list[Bot] = []
        world.metrics.open.set_function(self._conversations)
        world.metrics.expected_rate.set_function(self._expected_rate)

    async def resize(self, count: int) -> None:
        """Let bots join or leave until there are ``count``; the newest leave first.

        Raises:
            DialectError: there is no dialect left that a new bot could speak.
        """
        self._world.metrics.expected.set(count)
        async with self._lock:
            while (missing := count - len(self.bots)) > 0:
                joined = await asyncio.gather(*(self._birth() for _ in range(min(missing, _AT_ONCE))))
                self.bots.extend(joined)
                self._count()
            leaving, self.bots = self.bots[count:], self.bots[:count]
            for start in range(0, len(leaving), _AT_ONCE):
                await asyncio.gather(*(bot.leave() for bot in leaving[start : start + _AT_ONCE]))
            self._forget(leaving)
            self._count()
        log.info("population.resized", bots=len(self.bots))

    async def obey(self, message: Message) -> None:
        """Handle a ``control`` message.

        Raises:
            BadMessageError: its text is no order, or the number is out of bounds.
        """
        try:
            orders = msgspec.json.decode(message.text, type=Orders)
        except msgspec.DecodeError as error:
            raise BadMessageError(Reason.BAD_FIELD, f"no orders: {error}") from error
        count = orders.scale.get(self._world.instance)
        if count is None:
            return
        if not 0 <= count <= MOST_BOTS:
            raise BadMessageError(Reason.BAD_FIELD, f"{count} bots; a process has 0 to {MOST_BOTS}")
        await self.resize(count)

    def _forget(self, leaving: list[Bot]) -> None:
        """Free the names of bots that left; those of the cast wait for their next entrance."""
        self._waiting.extendleft(
            self._roles[bot.name] for bot in reversed(leaving) if bot.name in self._roles
        )
        self._taken.difference_update(bot.name for bot in leaving if bot.name not in self._roles)

    async def _birth(self) -> Bot:
        """Let one bot join: the next of the cast, or one under the first name that nobody has.

        The broker refuses a name that another connection has; our own bots share one and are told apart here.
        """
        role = self._waiting.popleft() if self._waiting else self._extra()
        while True:
            bot = self._embody(role)
            try:
                await bot.join()
            except NameTakenError:
                self._world.metrics.names_taken.inc()
                log.info("bot.name_taken", bot=role.name)
                role = role.model_copy(update={"name": self._next_name()})
            except BrokerUnavailableError as error:
                log.warning("bot.cannot_join", bot=role.name, error=str(error))
            else:
                return bot

    def _extra(self) -> Role:
        return Role.model_construct(name=self._next_name())

    def _next_name(self) -> str:
        name = next(name for name in self._names if name not in self._taken)
        self._taken.add(name)
        return name

    def _embody(self, role: Role) -> Bot:
        persona = Persona(role.name, random.Random(self._rng.random()), role.about)  # noqa: S311 - a game
        spoken, dialect = self._repertoire.voice_of(persona, self._rng, role.dialect)
        world = self._world
        voice = Voice(self._around(spoken), dialect, world.metrics, capture_content=world.capture_content)
        return Bot(persona, voice, world, role)

    def _count(self) -> None:
        counted = Counter(bot.dialect for bot in self.bots)
        for dialect in self._repertoire.names:
            self._world.metrics.bots.labels(dialect).set(counted[dialect])

    def _expected_rate(self) -> float:
        tempo = self._world.tempo * fmean([bot.tempo for bot in self.bots] or [1.0])
        return expected_rate(len(self.bots), self._conversations(), tempo)

    def _conversations(self) -> int:
        return sum(bot.conversations for bot in self.bots)
