import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import plug_ins
from rabbit_chatter.cli import app, main

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
    module = plug_ins.install(tmp_path, PLUG_IN, "somebodys")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "somebodys_dialect", raising=False)
    return module


def run(*arguments: str) -> str:
    """Return what the program prints, which must end well."""
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def listed() -> dict[str, dict[str, object]]:
    """Return the list of dialects by name."""
    return {entry["name"]: entry for entry in json.loads(run("dialects", "--json"))}


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
    assert "what it says" in run("dialects")


def test_broken_plug_in_is_listed_with_its_error(plug_in: Path) -> None:
    """A plug-in that fails to import is listed with the reason, beside the others."""
    plug_in.write_text("import a_library_that_is_missing")
    assert "a_library_that_is_missing" in str(listed()["somebodys"]["error"])
    assert "a_library_that_is_missing" in run("dialects")
    assert listed()["echo"]["error"] is None


def test_one_can_listen(plug_in: Path) -> None:
    """Two bots talk, as long as was asked for or until one ends it, and no terminal obeys them."""
    said = run("dialects", "show", "somebodys", "--sample", "3", "--option", "word=ha").splitlines()[-3:]
    assert said == ["anna: ha␛[2J", "berta: ha", "anna: ha"]
    sample = json.loads(run("dialects", "show", "somebodys", "--sample", "50", "--json"))["sample"]
    assert [line["speaker"] for line in sample] == ["anna", "berta", "anna", "berta"]


def test_same_seed_same_words() -> None:
    """What is heard depends on the seed alone."""
    one, again, other = (run("dialects", "show", "gibberish", "--seed", seed) for seed in ("a", "a", "b"))
    assert one == again != other


def test_slips_are_answered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt dialect or option is one sentence with what was meant, and exit code 1."""
    for arguments, meant in ((["elisa"], "'eliza'"), (["gibberish", "-o", "wrds=3"], "'words'")):
        monkeypatch.setattr(sys, "argv", ["rabbit-chatter", "dialects", "show", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        assert f"did you mean {meant}" in capsys.readouterr().err
