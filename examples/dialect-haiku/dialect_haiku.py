"""A dialect in three lines of five, seven and five syllables. Copy this folder and change the words."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from rabbit_chatter.dialects import Dialect, Line

FIVE = ("an old silent pond", "the queue is empty", "rain on the warm roof", "one rabbit listens")
SEVEN = {
    "spring": ("a message leaps from its cage", "the first green leaf finds its way"),
    "winter": ("the broker sleeps under snow", "cold letters wait for the dawn"),
}


class Haiku(Dialect):
    """Answers in haiku."""

    class Options(Dialect.Options):
        """What the middle line is about."""

        season: Literal["spring", "winter"] = Field("spring", description="time of the year")

    options: Options

    async def open(self, partner: str) -> str:
        """Greet ``partner`` in verse."""
        return f"{partner}, hear this:\n{await self.tweet()}"

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Say a haiku, and end the talk after the fourth."""
        return await self.tweet() if len(history) < 8 else None

    async def tweet(self) -> str:
        """Say a haiku."""
        rng = self.persona.rng
        return "\n".join([rng.choice(FIVE), rng.choice(SEVEN[self.options.season]), rng.choice(FIVE)])
