import random
from pathlib import Path

import pytest

from rabbit_chatter.dialects import Dialect, Line, Persona, choose, prepare
from rabbit_chatter.dialects.eliza.script import OWN, read
from rabbit_chatter.errors import DialectError

SCRIPT = """
greetings = ["Hello {partner}."]
tweets = ["Anybody?"]
quit = ["bye"]
none = ["Go on.", "I see."]
reflections = {i = "you", my = "your", you = "I", am = "are"}
[groups]
kin = ["mother", "father"]
[memory]
pattern = "* my *"
answers = ["Earlier you spoke of your (2)."]
[[keywords]]
words = ["dog"]
rank = 3
rules = [{pattern = "* my dog *", answers = ["Your dog (2)?"]}, {pattern = "*", answers = ["newkey"]}]
[[keywords]]
words = ["i"]
rules = [{pattern = "* i am *", answers = ["How long have you been (2)?", "Why are you (2)?"]}]
[[keywords]]
words = ["my"]
rank = 1
rules = [
  {pattern = "* my @kin *", answers = ["Tell me of your (2)."]},
  {pattern = "* my *", answers = ["=what"]},
]
[[keywords]]
words = ["what"]
rules = [{pattern = "*", answers = ["Why do you ask?"]}]
"""


async def eliza(tmp_path: Path, script: str = SCRIPT, seed: int = 1) -> Dialect:
    """Return an ELIZA that knows a small script."""
    file = tmp_path / "script.toml"
    file.write_text(script, "utf-8")
    ready = await prepare(choose("eliza", {"script": str(file)}))
    return ready.speak(Persona("anna", random.Random(seed)))  # noqa: S311 - a game


@pytest.mark.parametrize(
    ("heard", "answers"),
    [
        ("I am sure that you help my friends.", {"Why do you ask?"}),
        ("I am glad you came", {"How long have you been glad I came?", "Why are you glad I came?"}),
        ("My mother calls", {"Tell me of your mother."}),
        ("I am here because my dog barks at my door", {"Your dog barks at your door?"}),
        ("The dog? I am late.", {"Go on.", "I see."}),
        ("What is this", {"Why do you ask?"}),
        ("Nothing at all", {"Go on.", "I see."}),
    ],
)
async def test_rules_are_followed(tmp_path: Path, heard: str, answers: set[str]) -> None:
    """Ranks, decomposition in order, groups, reassembly, reflection, `newkey` and `=word` work."""
    assert await (await eliza(tmp_path)).answer([], heard) in answers


async def test_phrases_take_turns(tmp_path: Path) -> None:
    """A rule's answers are used one after the other, and then from the beginning."""
    dialect = await eliza(tmp_path)
    said = [await dialect.answer([], "I am late") for _ in range(4)]
    assert set(said[:2]) == {"How long have you been late?", "Why are you late?"}
    assert said[:2] == said[2:]


async def test_memory_fills_a_silence(tmp_path: Path) -> None:
    """Without a keyword, it returns to what the partner called "my"."""
    dialect = await eliza(tmp_path)
    history = [Line("berta", "My garden is full of snails."), Line("anna", "And my answer?")]
    assert await dialect.answer(history, "It rains.") == "Earlier you spoke of your garden is full of snails."
    assert await dialect.answer([history[1]], "It rains.") in {"Go on.", "I see."}


async def test_goodbye_ends_the_conversation(tmp_path: Path) -> None:
    """Who says goodbye, in a clause of its own, is let go; a word that contains it is none."""
    dialect = await eliza(tmp_path)
    assert await dialect.answer([], "It was nice, bye!") is None
    assert await dialect.answer([], "I missed a bye in the cup") is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("(2)?", "(3)?"), "parts"),
        (("@kin", "@kim"), "no group '@kim'"),
        (("=what", "=waht"), "no keyword 'waht'"),
        (("none =", "nome ="), "did you mean 'none'"),
        (("[[keywords]]", "[[keywords"), "script.toml"),
    ],
)
async def test_broken_script_is_told(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    """A script that breaks a rule is refused with its file and what is wrong."""
    with pytest.raises(DialectError, match=r"script\.toml") as raised:
        await eliza(tmp_path, SCRIPT.replace(*change))
    assert said in str(raised.value)


async def test_missing_script_is_told(tmp_path: Path) -> None:
    """A script that is not there is told by its path."""
    with pytest.raises(DialectError, match=r"nowhere\.toml"):
        await prepare(choose("eliza", {"script": str(tmp_path / "nowhere.toml")}))


def test_own_script_has_something_for_every_keyword() -> None:
    """The built-in script is sound, and large enough for a conversation."""
    script = read(OWN)
    assert len(script.by_word) > 60
    assert len(script.none) >= 5
