"""The command line of: up, down, status and logs."""

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
