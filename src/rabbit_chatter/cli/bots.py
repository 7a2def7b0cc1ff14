"""``rabbit-chatter bots``: one process with any number of bots."""

from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command ``bots``."""
    app.command()(bots)


def bots(
    count: Annotated[int, typer.Option(min=0, max=5000, help="How many bots.")] = 40,
    dialect: Annotated[
        str, typer.Option(help="How they talk: a name, or weights such as echo=1,gibberish=3.")
    ] = ("gibberish"),
    seed: Annotated[str, typer.Option(help="Same seed, same names and same dice.")] = "rabbit",
    tempo: Annotated[float, typer.Option(min=0.01, max=1000, help="2 is twice as fast as 1.")] = 1.0,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="For /metrics and /readyz; 0 takes a free one.")
    ] = 8090,
) -> None:
    """Let bots chat until Ctrl-C or SIGTERM."""
    import asyncio

    from rabbit_chatter.bots.app import Options, run
    from rabbit_chatter.dialects import parse_mix

    asyncio.run(run(Options(count, parse_mix(dialect), seed, tempo, port)))
