import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from rabbit_chatter.cli import app

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "rabbit_chatter"
REFERENCE = ROOT / "docs" / "reference.md"

METRIC = re.compile(r"(chatter|messaging|gen_ai)_[a-z0-9_]+")


def written() -> str:
    """Return the reference as it is in the repository."""
    return REFERENCE.read_text("utf-8")


def first_words(heading: str) -> set[str]:
    """Return what is in the first columns of the tables below ``heading``, up to the next of its kind."""
    section = written().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def test_reference_is_up_to_date(tmp_path: Path) -> None:
    """The page says what the code says; if it does not, `make reference` writes it anew."""
    fresh = tmp_path / "reference.md"
    subprocess.run([sys.executable, ROOT / "docs" / "generate_reference.py", fresh], check=True, timeout=60)
    assert fresh.read_text("utf-8") == written(), "run `make reference` and commit docs/reference.md"


def strings_in_metrics_modules() -> Iterator[str]:
    """Yield the names that are literally written where metrics are declared."""
    for file in SOURCE.rglob("metrics.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                name = call.args[0].value
                if isinstance(name, str) and METRIC.fullmatch(name):
                    yield name


def test_every_metric_is_documented() -> None:
    """Each metric's name, found in the code without running it, is in the reference, and no other is."""
    documented = {name.removesuffix("_total") for name in first_words("Metrics")}
    assert documented == set(strings_in_metrics_modules())


def test_metrics_are_declared_in_one_place_per_component() -> None:
    """Nobody makes a counter, gauge or histogram outside the modules called `metrics`."""
    makers = {"Counter", "Gauge", "Histogram", "Summary", "Info"}
    for file in SOURCE.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
        if "prometheus_client" in file.read_text("utf-8"):
            made = {call.func.id for call in calls if isinstance(call.func, ast.Name)} & makers
            assert not made or file.name == "metrics.py", file


def test_every_variable_is_documented() -> None:
    """Each variable of ours that is named anywhere in the program is one of the settings that exist."""
    named = {
        name
        for file in SOURCE.rglob("*.py")
        for name in re.findall(r"CHATTER_[A-Z_]*[A-Z]", file.read_text("utf-8"))
    }
    # Three prefixes; a mark that `up` finds its processes by.
    internal = {"CHATTER_LLM", "CHATTER_MANAGEMENT", "CHATTER_TRACES", "CHATTER_UP_MARK"}
    assert named - first_words("Settings") <= internal


def commands(command: Any, words: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer has a click of its own
    """Yield a command and all below it."""
    yield words, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{words} {name}")


COMMANDS = dict(commands(typer.main.get_command(app), "rabbit-chatter"))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_option_has_a_help_text(words: str) -> None:
    """Whoever asks a command for help learns what it does, and what each option means."""
    command = COMMANDS[words]
    assert command.help
    assert not [parameter.name for parameter in command.params if not parameter.help]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_documented(words: str) -> None:
    """Every command is in the reference, unless it only groups others."""
    assert getattr(COMMANDS[words], "commands", None) or f"### `{words}`" in written()
