"""Who takes part: from the command line, or from a population file.

A population file is TOML::

count = 20                     # bots in all; those without a name of their own are drawn from the mix
tempo = 2.0
seed = "monday"

[mix]                          # weights by dialect
eliza = 2
markov = 1

[options.markov]
corpus = "talk.txt"            # relative to this file

[[bots]]
name = "alice"
dialect = "eliza"
about = "A gardener who worries about snails."
tempo = 0.5                    # half as fast as the others
follows = ["bob"]
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rabbit_chatter.dialects import Prepared, choose, load
from rabbit_chatter.dialects.options import explain, suggestion
from rabbit_chatter.errors import DialectError, OptionError
from rabbit_chatter.names import check_bot_name

MOST_BOTS = 5000
_MOST_FOLLOWED = 50
_STRICT = ConfigDict(frozen=True, extra="forbid")

Name = Annotated[str, AfterValidator(check_bot_name)]
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Role(BaseModel):
    """A bot with a name of its own."""

    model_config = _STRICT

    name: Name
    dialect: str | None = None
    about: str = Field("", max_length=2000)
    tempo: float = Field(1.0, gt=0, le=1000)
    follows: tuple[Name, ...] = Field((), max_length=_MOST_FOLLOWED)


class PopulationFile(BaseModel):
    """What a population file says; ``None`` where it says nothing."""

    model_config = _STRICT

    count: int | None = Field(None, ge=0, le=MOST_BOTS)
    tempo: float | None = Field(None, gt=0, le=1000)
    seed: str | None = None
    mix: dict[str, Weight] = Field(default_factory=dict)
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    bots: tuple[Role, ...] = Field((), max_length=MOST_BOTS)

    @classmethod
    def read(cls, file: Path) -> "PopulationFile":
        """Read ``file``.

        Raises:
            OptionError: it cannot be read, is no TOML, or has a wrong key or value; each is named.
        """
        try:
            found = cls.model_validate(tomllib.loads(file.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise OptionError(f"{file}: {error}") from error
        except ValidationError as error:
            raise OptionError("\n".join(explain(error, cls, str(file)))) from error
        try:
            found.check()
            return found.model_copy(update={"options": found.checked_options(file.absolute().parent)})
        except DialectError as error:
            raise OptionError(f"{file}: {error}") from error

    def check(self) -> None:
        """Check what bots say of each other, and that their dialects are there.

        Raises:
            DialectError: two have one name, one follows nobody, or speaks what is not installed.
        """
        counted = Counter(role.name for role in self.bots)
        for role in self.bots:
            if counted[role.name] > 1:
                raise OptionError(f"bots: two are called {role.name!r}")
            for other in role.follows:
                if other not in counted:
                    raise OptionError(
                        f"bots: {role.name} follows {other!r}{suggestion(other, list(counted))}"
                    )
        for name in dict.fromkeys([*self.mix, *(role.dialect for role in self.bots if role.dialect)]):
            load(name)

    def checked_options(self, base: Path) -> dict[str, dict[str, Any]]:
        """Return the options with absolute paths: on a command line, relative ones begin elsewhere."""
        return {
            name: choose(name, values, base).options.model_dump(exclude_unset=True)
            for name, values in self.options.items()
        }


class Cast:
    """Who takes part, and how each talks.

    Args:
        mix: weights by dialect, for bots that have none of their own.
        options: by dialect and option.
        roles: bots with names of their own, who join first.

    Attributes:
        mix: as given.
        roles: as given.
        chosen: each dialect that may be spoken, with its options, checked.

    Raises:
        DialectError: a dialect or an option is not known, or a value is wrong.
    """

    def __init__(
        self,
        mix: Mapping[str, float],
        options: Mapping[str, Mapping[str, Any]] | None = None,
        roles: tuple[Role, ...] = (),
    ) -> None:
        self.roles = roles
        self.mix = dict(mix)
        named = list(dict.fromkeys([*mix, *(role.dialect for role in roles if role.dialect)]))
        for dialect in options or {}:
            if dialect not in named:
                raise OptionError(
                    f"options for {dialect!r}, which no bot speaks{suggestion(dialect, named, 'Spoken')}"
                )
        self.chosen: dict[str, Prepared] = {
            name: choose(name, (options or {}).get(name, {})) for name in named
        }

    def as_options(self) -> Iterator[str]:
        """Yield what was chosen as ``dialect.option=value``, with absolute paths, for another process."""
        for name, chosen in self.chosen.items():
            for option, value in chosen.options.model_dump(mode="json", exclude_unset=True).items():
                yield f"{name}.{option}={value}"
