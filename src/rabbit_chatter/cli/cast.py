"""The options that say who takes part, the same for `bots` and `up`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rabbit_chatter.bots.cast import Cast

_BOTS = 40
_DIALECT = "gibberish"
_SEED = "rabbit"

Count = Annotated[
    int | None, typer.Option(min=0, max=5000, help=f"How many bots; {_BOTS} unless --population says more.")
]
Mix = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        help=f"How they talk: a name, or weights such as eliza=1,gibberish=3; {_DIALECT} by default. "
        "`rabbit-chatter dialects` lists them.",
    ),
]
DialectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dialect-option", help="An option of a dialect, such as markov.corpus=talk.txt; may be repeated."
    ),
]
Population = Annotated[
    Path | None,
    typer.Option(
        help="A TOML file with names, characters, dialects, tempo and who follows whom; other options win."
    ),
]
Tempo = Annotated[
    float | None, typer.Option(min=0.01, max=1000, help="2 is twice as fast as 1, the default.")
]
Seed = Annotated[str | None, typer.Option(help=f"Same seed, same names and same dice; {_SEED} by default.")]


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line; ``None`` where nothing was."""

    count: int | None
    mix: str | None
    options: list[str] | None
    population: Path | None
    tempo: float | None = None
    seed: str | None = None


@dataclass(frozen=True)
class Resolved:
    """Who takes part, how many in all, how fast, and with which dice."""

    cast: "Cast"
    count: int
    mix: str
    tempo: float
    seed: str


def resolve(wanted: Wanted) -> Resolved:
    """Return what the command line and the population file say together; the command line wins.

    Raises:
        DialectError: a dialect, an option or the file is wrong.
    """
    from rabbit_chatter.bots.cast import Cast, PopulationFile
    from rabbit_chatter.dialects import parse_mix, parse_options

    file = PopulationFile.read(wanted.population) if wanted.population else PopulationFile()
    mix = parse_mix(wanted.mix) if wanted.mix else file.mix or parse_mix(_DIALECT)
    given = parse_options(wanted.options or [])
    spoken = {*mix, *(role.dialect for role in file.bots)}
    kept = {name: found for name, found in file.options.items() if name in spoken or not wanted.mix}
    options = {name: {**kept.get(name, {}), **given.get(name, {})} for name in {**kept, **given}}
    count = wanted.count if wanted.count is not None else file.count
    return Resolved(
        Cast(mix, options, file.bots),
        max(_BOTS, len(file.bots)) if count is None else count,
        ",".join(f"{name}={weight:g}" for name, weight in mix.items()),
        wanted.tempo or file.tempo or 1.0,
        wanted.seed or file.seed or _SEED,
    )
