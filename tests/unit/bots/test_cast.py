from pathlib import Path

import pytest

from rabbit_chatter.bots.cast import Cast, PopulationFile, Role
from rabbit_chatter.cli.cast import Wanted, resolve
from rabbit_chatter.errors import DialectError, OptionError

COMPLETE = """
count = 7
tempo = 2.5
seed = "monday"

[mix]
gibberish = 2

[options.gibberish]
words = 5

[options.eliza]
script = "own.toml"

[[bots]]
name = "alice"
dialect = "eliza"
about = "A gardener."
tempo = 0.5
follows = ["bob"]

[[bots]]
name = "bob"
"""


def write(folder: Path, text: str) -> Path:
    """Write a population file."""
    file = folder / "people.toml"
    file.write_text(text, "utf-8")
    return file


def test_population_file_says_who_takes_part(tmp_path: Path) -> None:
    """Names, characters, dialects with options, tempo and who follows whom are read; paths are beside it."""
    found = resolve(Wanted(None, None, None, write(tmp_path, COMPLETE)))
    assert (found.count, found.tempo, found.seed, found.mix) == (7, 2.5, "monday", "gibberish=2")
    alice, bob = found.cast.roles
    assert alice == Role(name="alice", dialect="eliza", about="A gardener.", tempo=0.5, follows=("bob",))
    assert bob == Role(name="bob")
    assert sorted(found.cast.as_options()) == [f"eliza.script={tmp_path}/own.toml", "gibberish.words=5"]


def test_command_line_wins(tmp_path: Path) -> None:
    """What is said on the command line counts, and the file where nothing is said there."""
    file = write(tmp_path, COMPLETE)
    found = resolve(Wanted(3, "echo=2", ["eliza.script=/x.toml"], file, 9.0, "tuesday"))
    assert (found.count, found.tempo, found.seed, found.mix) == (3, 9.0, "tuesday", "echo=2")
    assert "eliza.script=/x.toml" in set(found.cast.as_options())
    beside = resolve(Wanted(3, None, ["eliza.script=x.toml"], file))
    assert f"eliza.script={Path.cwd()}/x.toml" in set(beside.cast.as_options())


def test_defaults_without_a_file() -> None:
    """Nobody has to say anything: forty bots talk gibberish."""
    found = resolve(Wanted(None, None, None, None))
    assert (found.count, found.tempo, found.mix) == (40, 1.0, "gibberish=1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cuont = 3", r"people\.toml: there is no 'cuont'; did you mean 'count'\?"),
        ("count = -1", r"people\.toml: count: .*greater than or equal to 0"),
        ("[[bots]]\nname = 'alice'\ndialekt = 'echo'", r"no 'bots\.0\.dialekt'; did you mean 'dialect'\?"),
        ("[[bots]]\nname = 'Al-ice'", r"bots\.0\.name: .*a-z and 0-9"),
        ("[[bots]]\ndialect = 'echo'", r"bots\.0\.name: Field required"),
        ("[[bots]]\nname = 'alice'\nfollows = ['bbo']\n[[bots]]\nname = 'bob'", "did you mean 'bob'"),
        ("[[bots]]\nname = 'bob'\n[[bots]]\nname = 'bob'", "two are called 'bob'"),
        ("[mix]\necho = 0", r"mix\.echo: .*greater than 0"),
        ("[mix]\nehco = 1", "no dialect 'ehco'; did you mean 'echo'"),
        (
            "[options.ehco]\nx = 1\n[mix]\necho = 1",
            "no dialect 'ehco'; did you mean 'echo'",
        ),
        ("[mix]\necho = 1\n[options.eliza]\nscript = 'x'", "options for 'eliza', which no bot speaks"),
        ("[mix]\necho = 1\n[options.echo]\nx = 1", r"people\.toml: dialect echo: there is no 'x'"),
        ("count = ", r"people\.toml: Invalid value"),
        ("[[bots]]\nname = 'alice'\ntempo = 'fast'", r"bots\.0\.tempo"),
    ],
)
def test_wrong_file_is_told_by_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    """An error names the file, the key, and for a slip the nearest key there is."""
    with pytest.raises(DialectError, match=said):
        resolve(Wanted(None, None, None, write(tmp_path, text)))


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is not there, or is no text, is told by its name."""
    with pytest.raises(OptionError, match=r"nobody\.toml"):
        PopulationFile.read(tmp_path / "nobody.toml")
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match=r"binary\.toml"):
        PopulationFile.read(file)


def test_each_dialect_is_checked_before_anybody_joins() -> None:
    """A bot's own dialect is looked up with those of the mix."""
    with pytest.raises(DialectError, match="did you mean 'eliza'"):
        Cast({"echo": 1}, {}, (Role(name="alice", dialect="elisa"),))
