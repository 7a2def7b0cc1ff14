"""``rabbit-chatter scale``: change a running population."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command ``scale``."""
    app.command()(scale)


def scale(
    count: Annotated[
        int, typer.Argument(min=0, help="How many bots there shall be, in all processes together.")
    ],
    folder: Annotated[Path, typer.Option(help="Where `up` keeps its state.")] = Path(".chatter"),
    amqp_url: Annotated[
        str, typer.Option(envvar="CHATTER_AMQP_URL", help="RabbitMQ, where `up` does not run.")
    ] = "",
    queue_manager: Annotated[
        str, typer.Option(envvar="CHATTER_QUEUE_MANAGER_URL", help="Where `up` does not run.")
    ] = "",
) -> None:
    """Let bots join or leave until there are COUNT."""
    import asyncio

    from rabbit_chatter.bots.orders import order
    from rabbit_chatter.errors import UpError
    from rabbit_chatter.up.fleet import Fleet

    if not (amqp_url and queue_manager):
        try:
            fleet = Fleet(folder)
        except UpError as error:
            raise UpError(f"{error}, or name --amqp-url and --queue-manager") from error
        amqp_url, queue_manager = fleet.amqp_url, fleet.ports.url("queue_manager")
        fleet.scale(count)  # first: whoever shares bots out meanwhile shares out as many
    shares = asyncio.run(order(count, amqp_url, queue_manager))
    for instance, share in shares.items():
        print(f"{instance}: {share} bots")
