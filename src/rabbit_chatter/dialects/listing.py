"""What can be said about the installed dialects, and a talk between two bots to listen to."""

import inspect
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from rabbit_chatter.dialects.protocol import Dialect, Line, Persona
from rabbit_chatter.dialects.registry import Prepared, available, load, prepare
from rabbit_chatter.dialects.safe import safe
from rabbit_chatter.errors import UnknownDialectError

_ANNA, _BERTA = "anna", "berta"


@dataclass(frozen=True)
class Option:
    """An option: its type in JSON Schema's words, its default as text, and what it means."""

    name: str
    type: str
    default: str
    about: str


@dataclass(frozen=True)
class Entry:
    """An installed dialect.

    Attributes:
        package: that brings it.
        plugin: where its class is, ``module:class``.
        about: the first line of its class's docstring.
        error: why it cannot be imported; ``None`` if it can.
    """

    name: str
    package: str
    plugin: str
    about: str
    options: tuple[Option, ...]
    error: str | None = None

    @classmethod
    def of(cls, name: str) -> "Entry":
        """Return what can be said about one.

        Raises:
            UnknownDialectError: nothing of that name is installed.
        """
        point = available().get(name)
        if point is None:
            load(name)
        assert point is not None
        package = point.dist.name if point.dist else ""
        try:
            kind = load(name)
        except UnknownDialectError as error:
            return cls(name, package, point.value, "", (), str(error))
        about = (inspect.getdoc(kind) or "").partition("\n")[0]
        return cls(name, package, point.value, about, tuple(_options(kind)))

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON has it."""
        return asdict(self)


def entries() -> Iterator[Entry]:
    """Yield all installed dialects by name, also those that cannot be imported."""
    for name in sorted(available()):
        yield Entry.of(name)


async def overhear(chosen: Prepared, count: int, seed: str) -> list[Line]:
    """Return the first ``count`` lines of a conversation between two bots.

    Raises:
        DialectError: the dialect cannot be used.
    """
    ready = await prepare(chosen)
    try:
        voices = [
            ready.speak(Persona(name, random.Random(f"{seed} {name}")))  # noqa: S311 - a game
            for name in (_ANNA, _BERTA)
        ]
        lines = [Line(_ANNA, safe(await voices[0].open(_BERTA)))][:count]
        while len(lines) < count:
            turn = len(lines) % 2
            text = await voices[turn].answer(lines[:-1], lines[-1].text)
            if text is None:
                break
            lines.append(Line((_ANNA, _BERTA)[turn], safe(text)))
        return lines
    finally:
        await ready.close()


def _options(kind: type[Dialect]) -> Iterator[Option]:
    schema = kind.Options.model_json_schema()
    for name, field in kind.Options.model_fields.items():
        declared = schema["properties"][name]
        if reference := declared.get("$ref", ""):
            declared = schema["$defs"][reference.rpartition("/")[2]]
        yield Option(name, _type_of(declared), _default_of(field), field.description or "")


def _type_of(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kinds = [part.get("type", "") for part in schema.get("anyOf", [schema])]
    return " | ".join(kind for kind in kinds if kind and kind != "null")


def _default_of(field: FieldInfo) -> str:
    return "" if field.default in (None, PydanticUndefined) else str(field.default)
