from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from rabbit_chatter.dialects import Dialect, choose, parse_options
from rabbit_chatter.dialects.options import validated
from rabbit_chatter.errors import OptionError


class Options(Dialect.Options):
    """Some of each kind."""

    corpus: Path | None = Field(None, description="a file")
    order: int = Field(2, ge=1, le=4, description="how much it remembers")
    mood: Literal["good", "bad"] = "good"


def test_options_are_read_by_dialect() -> None:
    """Dialect, option and value are told apart at the first dot and the first equals sign."""
    texts = ["markov.corpus=a=b.txt", "markov.order=3", "llm.base-url=http://127.0.0.1:1/v1"]
    assert parse_options(texts) == {
        "markov": {"corpus": "a=b.txt", "order": "3"},
        "llm": {"base_url": "http://127.0.0.1:1/v1"},
    }


@pytest.mark.parametrize("text", ["", "markov", "markov.corpus", "corpus=x", ".corpus=x", "markov.=x"])
def test_what_is_no_option_is_refused_with_an_example(text: str) -> None:
    """What has no dialect, no option or no value is quoted, with an example of what has."""
    with pytest.raises(OptionError, match=r"such as markov\.corpus=talk\.txt"):
        parse_options([text])


def test_texts_become_what_the_dialect_declares() -> None:
    """Values from a command line are converted; what is not given has its default."""
    found = validated(Options, {"order": "3"}, "dialect test")
    assert found == Options(order=3, mood="good")


def test_paths_begin_where_they_are_named(tmp_path: Path) -> None:
    """A relative path is one beside the file that names it; without a file, below the working directory."""
    assert validated(Options, {"corpus": "a.txt"}, "", tmp_path).model_dump()["corpus"] == tmp_path / "a.txt"
    assert validated(Options, {"corpus": "a.txt"}, "").model_dump()["corpus"] == Path.cwd() / "a.txt"
    assert validated(Options, {"corpus": "/a.txt"}, "", tmp_path).model_dump()["corpus"] == Path("/a.txt")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"ordr": "3"},
            r"dialect test: there is no 'ordr'; did you mean 'order'\? There is: corpus, mood, ord",
        ),
        ({"order": "many"}, "dialect test: order: .*integer"),
        ({"order": "9"}, "dialect test: order: .*less than or equal to 4"),
        ({"mood": "so so"}, "dialect test: mood: .*'good' or 'bad'"),
    ],
)
def test_wrong_option_is_named(values: dict[str, str], said: str) -> None:
    """An error names the option, what is wrong, and for a slip the nearest option there is."""
    with pytest.raises(OptionError, match=said):
        validated(Options, values, "dialect test")


def test_dialect_without_options_takes_none() -> None:
    """Whoever gives an option to a dialect without any learns that."""
    with pytest.raises(
        OptionError, match=r"dialect echo: there is no 'volume'\. There is: nothing to choose"
    ):
        choose("echo", {"volume": "11"})
