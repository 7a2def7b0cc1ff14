"""The command line of: queue-manager."""

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
