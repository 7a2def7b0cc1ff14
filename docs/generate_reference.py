"""Write docs/reference.md from the code: commands, settings and metrics. Run it with ``make reference``."""

# ruff: noqa: INP001 - a script, no package
# ruff: noqa: SLF001 - prometheus_client has no public list of what was declared

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from rabbit_chatter import settings
from rabbit_chatter.autoscale.metrics import ScalingMetrics
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.cli import app
from rabbit_chatter.queue_manager.metrics import ManagementMetrics
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.metrics import ServerMetrics
from rabbit_chatter.server.traces.keeper import Keeper
from rabbit_chatter.telemetry.metrics import Metrics

HEAD = """\
# Reference

Commands, settings and metrics, as the code declares them. This page is generated: `make reference` writes it.
"""


def main() -> None:
    """Write the page to the file named, or to its place in the repository."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("reference.md")
    target.write_text("\n".join([HEAD, *commands(), *all_settings(), *all_metrics()]), "utf-8")


def table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |"
    yield ""


def commands() -> Iterator[str]:
    """Yield a section per command, with its options."""
    yield "## Commands\n"
    for words, command in walk(typer.main.get_command(app), []):
        yield f"### `{' '.join(['rabbit-chatter', *words])}`\n"
        yield f"{command.help}\n"
        rows = [[name_of(p), default_of(p), p.help or ""] for p in params(command)]
        if rows:
            yield from table(["option", "default", "meaning"], rows)


def walk(command: Any, words: list[str]) -> Iterator[tuple[list[str], Any]]:  # noqa: ANN401 - typer has its own copy of click
    """Yield every command below ``command`` that does something."""
    children = getattr(command, "commands", None)
    if children is None or command.invoke_without_command:
        yield words, command
    if children is None:
        return
    for name in sorted(children):
        yield from walk(children[name], [*words, name])


def params(command: Any) -> list[Any]:  # noqa: ANN401 - as above
    """Return the arguments and options of a command; ``--help`` is everywhere."""
    return [parameter for parameter in command.params if parameter.name != "help"]


def name_of(parameter: Any) -> str:  # noqa: ANN401 - as above
    """Return how a parameter is written."""
    if parameter.param_type_name == "argument":
        return f"`{(parameter.name or '').upper()}`"
    return ", ".join(f"`{option}`" for option in [*parameter.opts, *parameter.secondary_opts])


def default_of(parameter: Any) -> str:  # noqa: ANN401 - as above
    """Return what holds without it."""
    if parameter.required:
        return "required"
    return (
        ""
        if parameter.default in (None, "", False) or callable(parameter.default)
        else f"`{parameter.default}`"
    )


def all_settings() -> Iterator[str]:
    """Yield a section per class of settings."""
    yield "## Settings\n"
    yield "Environment variables, read once when a program starts. An empty one counts as not set.\n"
    for kind in BaseSettings.__subclasses__():
        if kind.__module__ == settings.__name__:
            yield f"### {kind.__name__}\n"
            yield f"{kind.__doc__}\n"
            rows = [row(kind, name, field) for name, field in kind.model_fields.items()]
            yield from table(["variable", "type", "default", "meaning"], rows)


def row(kind: type[BaseSettings], name: str, field: FieldInfo) -> list[str]:
    """Return a setting's line."""
    alias = field.validation_alias
    prefixed = f"{kind.model_config.get('env_prefix', '')}{name}".upper()
    names = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [prefixed]
    variables = ", else ".join(f"`{variable}`" for variable in names)
    return [variables, type_of(field.annotation), value_of(field), field.description or ""]


def type_of(annotation: Any) -> str:  # noqa: ANN401 - whatever a field is annotated with
    """Return a type in words, or the values that there are."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{value}`" for value in annotation)
    inner = [kind for kind in get_args(annotation) if kind is not type(None)] or [annotation]
    return {
        str: "text",
        SecretStr: "secret text",
        float: "number",
        int: "whole number",
        Path: "path",
        bool: "true or false",
    }[inner[0]]


def value_of(field: FieldInfo) -> str:
    """Return a setting's default."""
    if field.default_factory is not None:
        return "host name and process id"
    default = field.default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    return "" if default in (None, "") else f"`{default}`"


def all_metrics() -> Iterator[str]:
    """Yield a section per component."""
    yield "## Metrics\n"
    yield "`/metrics` serves OpenMetrics with exemplars where that is accepted. Units are base units.\n"
    common = declared(Metrics(CollectorRegistry(), "any").registry)
    yield "### Every component\n"
    yield from metrics(common)
    bots, server, manager = CollectorRegistry(), CollectorRegistry(), CollectorRegistry()
    BotMetrics(bots)
    chat = ServerMetrics(server)
    chat.watch(Archive(1, 1))
    chat.watch_traces(Keeper(None, 1, 1))
    ManagementMetrics(manager)
    scaling = CollectorRegistry()
    ScalingMetrics(scaling)
    for title, registry in (
        ("Bots", bots),
        ("Chat server", server),
        ("Queue-manager", manager),
        ("Autoscaler", scaling),
    ):
        yield f"### {title}\n"
        yield from metrics(declared(registry))


def declared(registry: CollectorRegistry) -> list[MetricWrapperBase]:
    """Return what is registered, in the order of its declaration."""
    return [metric for metric in registry._collector_to_names if isinstance(metric, MetricWrapperBase)]


def metrics(found: list[MetricWrapperBase]) -> Iterator[str]:
    """Yield the table of some metrics."""
    rows: list[list[str]] = []
    for metric in found:
        name = metric._name + ("_total" if metric._type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)
        rows.append([f"`{name}`", str(metric._type), labels, metric._documentation])
    yield from table(["metric", "type", "labels", "meaning"], rows)


if __name__ == "__main__":
    main()
