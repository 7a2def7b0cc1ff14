"""The dialects that bots of this process can speak: made ready once, and left out when they fail."""

import random
from collections.abc import Mapping

import structlog

from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.dialects import Dialect, Persona, Prepared, prepare
from rabbit_chatter.errors import DialectError

log = structlog.get_logger()


class Repertoire:
    """What can be spoken.

    Args:
        chosen: each dialect with its options, by name.
        mix: weights by dialect, for bots that have none of their own.
        metrics: say which dialects cannot be used.
    """

    def __init__(self, chosen: Mapping[str, Prepared], mix: Mapping[str, float], metrics: BotMetrics) -> None:
        self._chosen = chosen
        self._mix = mix
        self._metrics = metrics
        self._usable: dict[str, Prepared] = {}

    @property
    def names(self) -> list[str]:
        """All dialects that were chosen, whether or not they can be spoken."""
        return list(self._chosen)

    async def prepare(self) -> None:
        """Make each ready, such as by reading a file.

        Raises:
            DialectError: none can be used; a sentence for each.
        """
        problems = []
        for chosen in self._chosen.values():
            try:
                self._usable[chosen.name] = await prepare(chosen)
            except DialectError as error:
                self._give_up(chosen.name, error)
                problems.append(str(error))
            else:
                self._metrics.usable.labels(chosen.name).set(1)
        if not self._usable:
            raise DialectError("\n".join(problems))

    async def close(self) -> None:
        """Give back what the dialects hold."""
        for dialect in self._chosen:
            if dialect in self._usable:
                await self._usable[dialect].close()

    def voice_of(self, persona: Persona, rng: random.Random, wanted: str | None) -> tuple[Dialect, str]:
        """Return a new bot's dialect and its name: ``wanted`` if it can be spoken, else one from the mix.

        One that cannot be made is never asked again.

        Raises:
            DialectError: none can be spoken.
        """
        while True:
            found = self._draw(rng, wanted)
            try:
                return found.speak(persona), found.name
            except Exception as error:
                self._give_up(found.name, error)

    def _draw(self, rng: random.Random, wanted: str | None) -> Prepared:
        if wanted in self._usable:
            return self._usable[wanted]
        weights = {name: weight for name, weight in self._mix.items() if name in self._usable}
        weights = weights or dict.fromkeys(self._usable, 1.0)
        if not weights:
            raise DialectError(f"none of the dialects can be spoken: {', '.join(self._chosen)}; see the log")
        return self._usable[rng.choices(list(weights), list(weights.values()))[0]]

    def _give_up(self, dialect: str, error: Exception) -> None:
        self._usable.pop(dialect, None)
        self._metrics.usable.labels(dialect).set(0)
        self._metrics.compose_failures.labels(dialect, type(error).__name__).inc()
        log.error("dialect.unusable", dialect=dialect, error=str(error) or repr(error))
