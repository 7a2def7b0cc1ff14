"""The bots of one process: as many as were asked for, each under a name of its own."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping

import msgspec
import structlog

from rabbit_chatter.bots.bot import Bot
from rabbit_chatter.bots.pacing import expected_rate
from rabbit_chatter.bots.voice import Voice
from rabbit_chatter.bots.world import World
from rabbit_chatter.dialects import Dialect, Persona, load
from rabbit_chatter.errors import BadMessageError, BrokerUnavailableError, NameTakenError
from rabbit_chatter.messages import Message, Reason
from rabbit_chatter.names import bot_names

MOST_BOTS = 5000
_AT_ONCE = 50

log = structlog.get_logger()


class Orders(msgspec.Struct, frozen=True):
    """The text of a ``control`` message: how many bots each process shall have, by instance."""

    scale: dict[str, int]


class Population:
    """Grows and shrinks.

    Args:
        world: the bots' surroundings.
        mix: weights by dialect.
        seed: decides names, voices and what is said, as far as timing does not.
        around: what goes around each dialect; by default nothing.
    """

    def __init__(
        self,
        world: World,
        mix: Mapping[str, float],
        seed: str,
        around: Callable[[Dialect], Dialect] = lambda dialect: dialect,
    ) -> None:
        self._world = world
        self._rng = random.Random(seed)  # noqa: S311 - a game, not a secret
        self._names = bot_names(self._rng)
        self._dialects: dict[str, type[Dialect]] = {name: load(name) for name in mix}
        self._mix = mix
        self._around = around
        self._taken: set[str] = set()
        self._lock = asyncio.Lock()
        self.bots: list[Bot] = []
        world.metrics.open.set_function(self._conversations)
        world.metrics.expected_rate.set_function(self._expected_rate)

    async def resize(self, count: int) -> None:
        """Let bots join or leave until there are ``count``; the newest leave first."""
        self._world.metrics.expected.set(count)
        async with self._lock:
            while (missing := count - len(self.bots)) > 0:
                joined = await asyncio.gather(*(self._birth() for _ in range(min(missing, _AT_ONCE))))
                self.bots.extend(joined)
                self._count()
            leaving, self.bots = self.bots[count:], self.bots[:count]
            for start in range(0, len(leaving), _AT_ONCE):
                await asyncio.gather(*(bot.leave() for bot in leaving[start : start + _AT_ONCE]))
            self._taken.difference_update(bot.name for bot in leaving)
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

    async def _birth(self) -> Bot:
        """Let one bot join, under the first name that nobody has.

        The broker refuses a name that another connection has; our own bots share one and are told apart here.
        """
        dialect = self._rng.choices(list(self._mix), list(self._mix.values()))[0]
        while True:
            name = next(name for name in self._names if name not in self._taken)
            self._taken.add(name)
            persona = Persona(name, random.Random(self._rng.random()))  # noqa: S311 - a game
            voice = Voice(self._around(self._dialects[dialect](persona)), dialect, self._world.metrics)
            bot = Bot(persona, voice, self._world)
            try:
                await bot.join()
            except NameTakenError:
                self._world.metrics.names_taken.inc()
                log.info("bot.name_taken", bot=persona.name)
            except BrokerUnavailableError as error:
                log.warning("bot.cannot_join", bot=persona.name, error=str(error))
            else:
                return bot

    def _count(self) -> None:
        counted = Counter(bot.dialect for bot in self.bots)
        for dialect in self._mix:
            self._world.metrics.bots.labels(dialect).set(counted[dialect])

    def _expected_rate(self) -> float:
        return expected_rate(len(self.bots), self._conversations(), self._world.tempo)

    def _conversations(self) -> int:
        return sum(bot.conversations for bot in self.bots)
