"""The program ``rabbit-chatter``: one command per file, each importing what it needs when it runs."""

import sys

import typer
from pydantic import ValidationError

from rabbit_chatter.cli import (
    autoscale,
    bench,
    bots,
    dialects,
    exercise,
    incident,
    local,
    queue_manager,
    record,
    scale,
    server,
)
from rabbit_chatter.errors import ChatterError
from rabbit_chatter.settings import variable_of

app = typer.Typer(
    name="rabbit-chatter",
    help="Chat bots talking over RabbitMQ, built to be observed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    local, scale, autoscale, incident, exercise, record, bots, dialects, server, queue_manager, bench,
):  # fmt: skip
    command.add_to(app)


def main() -> None:
    """Run the program; our own errors are one sentence, not a stack trace."""
    try:
        app()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            setting = variable_of(error.title, ".".join(map(str, problem["loc"])))
            print(
                f"rabbit-chatter: setting {setting}: {problem['msg']}; see docs/reference.md", file=sys.stderr
            )
        sys.exit(1)
    except ChatterError as error:
        print(f"rabbit-chatter: {error}", file=sys.stderr)
        sys.exit(1)
