"""What a dialect lets one choose: declared with types, defaults and help; refused by name."""

import difflib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from rabbit_chatter.errors import OptionError

BASE = "base"


class Options(BaseModel):
    """A dialect's options: each field one, its description the help text.

    A relative :class:`~pathlib.Path` means one below the folder of the file that names it, or below the
    working directory.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    @field_validator("*", mode="after")
    @classmethod
    def _absolute(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, Path):
            return ((info.context or {}).get(BASE, Path.cwd()) / value.expanduser()).absolute()
        return value


def parse_options(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return values by dialect and option from texts such as ``markov.corpus=talk.txt``.

    Raises:
        OptionError: a text is nothing of that form.
    """
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        dialect, dot, option = name.strip().partition(".")
        if not (equals and dot and dialect and option):
            raise OptionError(f"{text!r} is no option of a dialect, such as markov.corpus=talk.txt")
        found.setdefault(dialect, {})[option.replace("-", "_")] = value
    return found


def validated(
    kind: type[Options], values: Mapping[str, Any], where: str, base: Path | None = None
) -> Options:
    """Return ``values`` as ``kind``.

    Args:
        kind: a dialect's options.
        values: by name; texts are converted.
        where: what to call them in an error, such as ``dialect markov``.
        base: where relative paths begin; the working directory if left out.

    Raises:
        OptionError: with a sentence for each wrong one, which names it.
    """
    try:
        return kind.model_validate(dict(values), context={BASE: base or Path.cwd()})
    except ValidationError as error:
        raise OptionError("\n".join(explain(error, kind, where))) from error


def explain(error: ValidationError, model: type[BaseModel], where: str) -> Iterator[str]:
    """Yield a sentence for each problem: where, which key, what is wrong, and which key was meant."""
    for problem in error.errors(include_url=False, include_input=False):
        *above, key = [*problem["loc"]] or ["?"]
        path = ".".join(map(str, [*above, key]))
        if problem["type"] == "extra_forbidden":
            known = sorted(_fields(model, above))
            yield f"{where}: there is no {path!r}{suggestion(str(key), known)}"
        else:
            yield f"{where}: {path}: {problem['msg'].removeprefix('Value error, ')}"


def suggestion(word: str, known: Sequence[str], there_is: str = "There is") -> str:
    """Return how a sentence about an unknown ``word`` ends: what was meant, and what there is."""
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"{hint} {there_is}: {', '.join(known) or 'nothing to choose'}"


def _fields(model: type[BaseModel], path: Sequence[str | int]) -> Iterable[str]:
    """Return the names of the fields at ``path`` within ``model``."""
    inner: Any = model
    for key in path:
        if isinstance(inner, type) and issubclass(inner, BaseModel) and key in inner.model_fields:
            inner = inner.model_fields[str(key)].annotation
        while args := typing.get_args(inner):  # a list's, a dictionary's or an option's content
            inner = next(arg for arg in reversed(args) if arg not in (type(None), ...))
    return inner.model_fields if isinstance(inner, type) and issubclass(inner, BaseModel) else ()
