import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import plug_ins
from rabbit_chatter.dialects import choose
from rabbit_chatter.dialects.listing import overhear

PLUG_IN = '''
from pydantic import Field
from rabbit_chatter.dialects import Dialect

class Somebodys(Dialect):
    """Says a word.

    And nothing else.
    """

    class Options(Dialect.Options):
        """The word."""

        word: str = Field("hum", description="what it says")

    async def open(self, partner):
        return self.options.word + "\\x1b[2J"

    async def answer(self, history, heard):
        return self.options.word if len(history) < 3 else None

    async def tweet(self):
        return self.options.word
'''


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a dialect of somebody's, which works, and return its module's file."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return plug_ins.install(tmp_path, PLUG_IN, "somebodys")


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "rabbit_chatter", "dialects", *arguments],
        env={**os.environ, "COLUMNS": "200", "CHATTER_LOG_FORMAT": "json"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def run(*arguments: str) -> str:
    """Return what the program prints, which must end well."""
    result = ended(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def listed() -> dict[str, dict[str, object]]:
    """Return the list of dialects by name."""
    return {entry["name"]: entry for entry in json.loads(run("--json"))}


def test_dialects_are_listed_with_their_options(plug_in: Path) -> None:
    """Ours and anybody's are in the list, with package, options, types, defaults and help."""
    found = listed()
    assert {"echo", "eliza", "gibberish", "somebodys"} <= set(found)
    assert found["echo"]["package"] == "rabbit-chatter"
    assert found["somebodys"] == {
        "name": "somebodys",
        "package": "somebodys_dialect",
        "plugin": "somebodys_dialect:Somebodys",
        "about": "Says a word.",
        "options": [{"name": "word", "type": "string", "default": "hum", "about": "what it says"}],
        "error": None,
    }
    assert "what it says" in run()


def test_broken_plug_in_is_listed_with_its_error(plug_in: Path) -> None:
    """A plug-in that fails to import is listed with the reason, beside the others."""
    plug_in.write_text("import a_library_that_is_missing")
    found = listed()
    assert "a_library_that_is_missing" in str(found["somebodys"]["error"])
    assert found["echo"]["error"] is None
    assert "a_library_that_is_missing" in run()


def test_one_can_listen(plug_in: Path) -> None:
    """Two bots talk, as long as was asked for or until one ends it, and no terminal obeys them."""
    said = run("show", "somebodys", "--sample", "3", "--option", "word=ha").splitlines()[-3:]
    assert said == ["anna: ha␛[2J", "berta: ha", "anna: ha"]
    sample = json.loads(run("show", "somebodys", "--sample", "50", "--json"))["sample"]
    assert [line["speaker"] for line in sample] == ["anna", "berta", "anna", "berta"]


async def test_same_seed_same_words() -> None:
    """What is heard depends on the seed alone."""
    one, again, other = [await overhear(choose("gibberish", {}), 5, seed) for seed in ("a", "a", "b")]
    assert one == again != other


@pytest.mark.parametrize(
    ("arguments", "meant"), [(["elisa"], "'eliza'"), (["gibberish", "-o", "wrds=3"], "'words'")]
)
def test_slip_is_answered(arguments: list[str], meant: str) -> None:
    """A misspelt dialect or option is one sentence with what was meant, and exit code 1."""
    result = ended("show", *arguments)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("rabbit-chatter: ")
    assert f"did you mean {meant}" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_json_is_not_mixed_with_log_lines() -> None:
    """What a dialect logs while it gets ready goes to the other stream."""
    export = Path(__file__).parent / "dialects/exports/signal.json"
    result = ended("show", "transcript", "-o", f"file={export}", "--json")
    assert json.loads(result.stdout)["sample"]
    assert "transcript.skipped" in result.stderr
