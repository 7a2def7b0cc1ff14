"""The command line of: queue-manager."""

import asyncio
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @app.command()
    def queue_manager(
        host: Annotated[
            str | None,
            typer.Option(help="Address to listen on; 127.0.0.1 unless CHATTER_HOST says otherwise."),
        ] = None,
        port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8081,
    ) -> None:
        """List bots, conversations and queues over HTTP, and Prometheus' targets; read-only."""
        from rabbit_chatter.queue_manager.service import serve

        asyncio.run(serve(port, host))
