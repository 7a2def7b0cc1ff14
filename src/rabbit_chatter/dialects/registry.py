"""Which dialects are installed, and how one is made ready to talk."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from rabbit_chatter.dialects.options import Options, suggestion, validated
from rabbit_chatter.dialects.protocol import Dialect, Persona
from rabbit_chatter.errors import DialectError, UnknownDialectError

GROUP = "rabbit_chatter.dialects"


@dataclass(frozen=True)
class Prepared:
    """A dialect that bots of this process can speak.

    Attributes:
        name: of the dialect.
        kind: its class.
        options: as chosen.
        shared: what its bots have in common.
    """

    name: str
    kind: type[Dialect]
    options: Options
    shared: Any = None

    def speak(self, persona: Persona) -> Dialect:
        """Return the voice of one bot."""
        return self.kind(persona, self.options, self.shared)

    async def close(self) -> None:
        """Give back what its bots shared."""
        if hasattr(self.shared, "aclose"):
            await self.shared.aclose()


def available() -> dict[str, EntryPoint]:
    """Return all installed dialects by name; none is imported yet."""
    return {point.name: point for point in entry_points(group=GROUP)}


def load(name: str) -> type[Dialect]:
    """Import the dialect called ``name``.

    Raises:
        UnknownDialectError: it is not installed, its plug-in fails to import, or is no dialect.
    """
    known = available()
    if name not in known:
        raise UnknownDialectError(f"no dialect {name!r}{suggestion(name, sorted(known), 'Installed')}")
    where = f"dialect {name!r} ({known[name].value})"
    try:
        loaded: Any = known[name].load()
    except (Exception, SystemExit) as error:
        raise UnknownDialectError(f"{where} fails to import: {error!r}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Dialect)):
        raise UnknownDialectError(f"{where} is none: derive the class from rabbit_chatter.dialects.Dialect")
    return loaded


def choose(name: str, values: Mapping[str, Any], base: Path | None = None) -> Prepared:
    """Return the dialect called ``name`` with its options, checked but without what its bots share.

    Args:
        name: of an installed dialect.
        values: options by name.
        base: where relative paths begin; the working directory if left out.

    Raises:
        UnknownDialectError: see :func:`load`.
        OptionError: a value is wrong, or there is no such option.
    """
    kind = load(name)
    return Prepared(name, kind, validated(kind.Options, values, f"dialect {name}", base))


async def prepare(chosen: Prepared) -> Prepared:
    """Return ``chosen`` ready to talk.

    Raises:
        DialectError: it cannot be used, and why.
    """
    try:
        shared = await chosen.kind.prepare(chosen.options)
    except DialectError:
        raise
    except Exception as error:
        raise DialectError(f"dialect {chosen.name} cannot be used: {error!r}") from error
    return Prepared(chosen.name, chosen.kind, chosen.options, shared)
