"""The simplest dialect there can be: it says again what it heard."""

from collections.abc import Sequence

from rabbit_chatter.dialects import Dialect, Line

_LONGEST = 200


class Echo(Dialect):
    """Repeats what it hears. Use it to see a message unchanged on its way back."""

    async def open(self, partner: str) -> str:
        """Greet ``partner`` by name."""
        return f"Hello {partner}, hello?"

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:  # noqa: ARG002 - the protocol's
        """Say ``heard`` again, shortened so that two echoes do not grow."""
        return heard[:_LONGEST] or "…?"

    async def tweet(self) -> str:
        """Tell that nobody is there."""
        return f"Is anybody there? asks {self.persona.name}."
