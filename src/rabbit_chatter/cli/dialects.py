"""``rabbit-chatter dialects``: what bots can speak, with its options, and a way to listen."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rabbit_chatter.dialects.listing import Entry

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def add_to(app: typer.Typer) -> None:
    """Add the group ``dialects``."""
    group = typer.Typer(help="List what bots can speak, with all options.", invoke_without_command=True)
    group.callback()(dialects)
    group.command()(show)
    app.add_typer(group, name="dialects")


def dialects(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what bots can speak, with all options; those of other packages, and broken ones, too."""
    if context.invoked_subcommand is not None:
        return
    from rabbit_chatter.dialects.listing import entries

    found = list(entries())
    if as_json:
        print(json.dumps([entry.as_dict() for entry in found], indent=2))
    else:
        _table(found)


def show(
    name: Annotated[str, typer.Argument(help="Of a dialect.")],
    sample: Annotated[int, typer.Option(min=0, max=1000, help="How many lines to listen to.")] = 5,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="Such as corpus=talk.txt; may be repeated.")
    ] = None,
    seed: Annotated[str, typer.Option(help="Same seed, same words.")] = "rabbit",
    *,
    as_json: AsJson = False,
) -> None:
    """Let two bots talk in a dialect, without a broker."""
    import asyncio
    import sys

    from rabbit_chatter.dialects import choose, parse_options
    from rabbit_chatter.dialects.listing import Entry, overhear
    from rabbit_chatter.settings import TelemetrySettings
    from rabbit_chatter.telemetry.logs import configure_logs

    configure_logs(TelemetrySettings(), "chatter-cli", sys.stderr)
    chosen = choose(name, parse_options(f"{name}.{text}" for text in option or []).get(name, {}))
    lines = asyncio.run(overhear(chosen, sample, seed))
    if as_json:
        said = [line._asdict() for line in lines]
        print(json.dumps(Entry.of(name).as_dict() | {"sample": said}, indent=2))
        return
    _table([Entry.of(name)])
    for line in lines:
        print(f"{line.speaker}: {line.text}")


def _table(found: "list[Entry]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("dialect", "talks", "option", "default", "meaning")
    for entry in found:
        first = [entry.name, entry.error or entry.about]
        for option in entry.options or [None]:
            cells = [option.name, option.default, option.about] if option else ["", "", ""]
            table.add_row(*(Text(cell) for cell in [*first, *cells]), style="red" if entry.error else None)
            first = ["", ""]
    Console().print(table)
