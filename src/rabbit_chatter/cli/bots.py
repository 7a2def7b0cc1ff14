"""``rabbit-chatter bots``: one process with any number of bots."""

from typing import Annotated

import typer

from rabbit_chatter.cli.cast import Count, DialectOption, Mix, Population, Seed, Tempo, Wanted, resolve


def add_to(app: typer.Typer) -> None:
    """Add the command ``bots``."""
    app.command()(bots)


def bots(
    count: Count = None,
    dialect: Mix = None,
    dialect_option: DialectOption = None,
    population: Population = None,
    seed: Seed = None,
    tempo: Tempo = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="For /metrics and /readyz; 0 takes a free one.")
    ] = 8090,
) -> None:
    """Let bots chat until Ctrl-C or SIGTERM."""
    import asyncio

    from rabbit_chatter.bots.app import Options, run

    found = resolve(Wanted(count, dialect, dialect_option, population, tempo, seed))
    asyncio.run(run(Options(found.count, found.cast, found.seed, found.tempo, port)))
