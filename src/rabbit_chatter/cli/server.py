"""The command line of: Chat server."""

import asyncio
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @app.command()
    def server(
        host: Annotated[
            str | None,
            typer.Option(help="Address to listen on; 127.0.0.1 unless CHATTER_HOST says otherwise."),
        ] = None,
        port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8080,
    ) -> None:
        """Show what the bots say: a page, the timeline, conversations, and a live stream of events."""
        from rabbit_chatter.server.service import serve

        asyncio.run(serve(port, host))
