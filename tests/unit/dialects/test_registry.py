import sys
from pathlib import Path

import pytest

import plug_ins
from rabbit_chatter.dialects import available, load, parse_mix
from rabbit_chatter.dialects.echo import Echo
from rabbit_chatter.dialects.gibberish import Gibberish
from rabbit_chatter.errors import UnknownDialectError


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a plug-in of somebody's; its module is what the test writes."""
    module = plug_ins.install(tmp_path, "", "somebodys")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "somebodys_dialect", raising=False)
    return module


def test_ours_enter_by_the_public_door() -> None:
    """The built-in dialects are found through the entry points, like anybody's."""
    assert {"echo", "gibberish"} <= set(available())
    assert load("echo") is Echo
    assert load("gibberish") is Gibberish


def test_anybodys_dialect_is_found(plug_in: Path) -> None:
    """A package that declares an entry point adds a dialect; nothing of ours is changed."""
    plug_in.write_text("from rabbit_chatter.dialects import Dialect\nclass Somebodys(Dialect):\n    pass\n")
    assert "somebodys" in available()
    assert load("somebodys").__name__ == "Somebodys"


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import a_library_that_is_missing", "a_library_that_is_missing"),
        ("raise RuntimeError('no model file')", "no model file"),
        ("class Misspelt: pass", "Somebodys"),
        ("this is no Python", "syntax"),
        ("raise SystemExit", "SystemExit"),
        ("class Somebodys: pass", "derive the class from rabbit_chatter.dialects.Dialect"),
        ("Somebodys = 3", "derive the class from rabbit_chatter.dialects.Dialect"),
    ],
)
def test_broken_plug_in_is_named(plug_in: Path, module: str, said: str) -> None:
    """A plug-in that cannot be imported is told by its name, where it is, and what went wrong."""
    plug_in.write_text(module)
    with pytest.raises(UnknownDialectError, match="somebodys_dialect:Somebodys") as raised:
        load("somebodys")
    assert said in str(raised.value)


def test_broken_plug_in_does_not_hinder_others(plug_in: Path) -> None:
    """Listing dialects imports none, so a broken one is in nobody's way."""
    plug_in.write_text("raise SystemExit")
    assert "somebodys" in available()
    assert load("echo") is Echo


def test_slip_is_answered_with_the_nearest_name() -> None:
    """A misspelt dialect is answered with the one that was meant, and with all there are."""
    with pytest.raises(
        UnknownDialectError, match=r"no dialect 'giberish'; did you mean 'gibberish'\?"
    ) as raised:
        load("giberish")
    assert "Installed: " in str(raised.value)
    assert "echo" in str(raised.value)


def test_nothing_is_guessed_where_nothing_is_near() -> None:
    """A name that resembles none is answered with all there are."""
    with pytest.raises(UnknownDialectError, match=r"no dialect 'klingon'\. Installed: .*echo"):
        load("klingon")


@pytest.mark.parametrize(
    ("text", "mix"),
    [
        ("echo", {"echo": 1.0}),
        ("echo=3,gibberish=1", {"echo": 3.0, "gibberish": 1.0}),
        (" echo = 2.5 , gibberish", {"echo": 2.5, "gibberish": 1.0}),
    ],
)
def test_mix_is_read(text: str, mix: dict[str, float]) -> None:
    """Weights follow names; a name alone weighs 1, and blanks do not matter."""
    assert parse_mix(text) == mix


@pytest.mark.parametrize(
    "text",
    ["", ",", "echo,", "=2", "echo=", "echo=0", "echo=-1", "echo=many", "echo=nan", "echo=inf", "a=1=2"],
)
def test_unreadable_mix_is_refused_with_an_example(text: str) -> None:
    """What is no name with a weight above 0 is quoted, with an example of what is one."""
    with pytest.raises(UnknownDialectError, match="such as echo or echo=2"):
        parse_mix(text)
