import asyncio
import random
from pathlib import Path

import pytest

from rabbit_chatter.dialects import Line, Persona, Prepared, choose, prepare
from rabbit_chatter.dialects.markov.chain import Chain, sentences
from rabbit_chatter.errors import DialectError

TEXT = (
    "The fox eats figs. The fox likes rain! Does the owl like rain? The owl sleeps\nOn Mondays the fox rests."
)


def kept_in(cache: Path) -> list[Path]:
    """Return the files of the cache, whose folder only its owner can read."""
    assert cache.stat().st_mode & 0o077 == 0
    return list(cache.iterdir())


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let models be kept in a folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CHATTER_CACHE", str(folder))
    return folder


def corpus(tmp_path: Path, content: str | bytes = TEXT) -> Path:
    """Write a text to be trained on."""
    file = tmp_path / "talk.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


async def markov(file: Path, **options: object) -> Prepared:
    """Return the dialect, trained on ``file``."""
    return await prepare(choose("markov", {"corpus": str(file), **options}))


def chain(text: str, order: int = 1, words: int = 1000) -> Chain:
    """Return what ``text`` teaches."""
    return Chain.trained(text.splitlines(), order, words)


def test_sentences_are_told_apart() -> None:
    """A sentence ends at its mark or at the end of its line."""
    assert list(sentences("One two. Three?\nfour".splitlines())) == [["One", "two."], ["Three?"], ["four"]]


def test_each_word_followed_the_one_before() -> None:
    """Whatever is said, each pair of words is one of the text, and so are the first and the last word."""
    trained, rng = chain(TEXT), random.Random(1)  # noqa: S311 - a game
    known = {pair for s in sentences(TEXT.splitlines()) for pair in zip(["", *s], [*s, ""], strict=True)}
    for _ in range(100):
        words = trained.walk(rng, 40).split()
        assert set(zip(["", *words], [*words, ""], strict=True)) <= known


def test_frequent_words_come_frequently() -> None:
    """What followed three times as often is said three times as often."""
    trained, rng = chain("a x\na x\na x\na y"), random.Random(1)  # noqa: S311 - a game
    said = [trained.walk(rng, 9) for _ in range(400)]
    assert 270 < said.count("a x") < 330


def test_higher_order_keeps_closer_to_the_text() -> None:
    """With two words deciding, no sentence mixes what one word alone would."""
    rng = random.Random(1)  # noqa: S311 - a game
    text = "red fox runs home\nblue fox sits still"
    assert {chain(text, 2).walk(rng, 9) for _ in range(50)} == set(text.splitlines())
    assert "red fox sits still" in {chain(text, 1).walk(rng, 9) for _ in range(50)}


def test_what_is_learnt_has_a_limit() -> None:
    """A text without end is learnt as far as was asked for, and a walk round in circles ends."""
    trained = Chain.trained(iter(lambda: "round and round and", ""), 1, 100)
    assert len(trained.walk(random.Random(1), 12).split()) <= 12  # noqa: S311 - a game


async def test_answer_suits_and_does_not_repeat(tmp_path: Path) -> None:
    """Of several sentences one that takes up a word is said, and none that was just heard."""
    ready = await markov(
        corpus(tmp_path, "Rain falls on figs.\nOwls sleep.\nFoxes like figs.\nMice dance."), order=1
    )
    answers = []
    for seed in range(40):
        dialect = ready.speak(Persona("anna", random.Random(seed)))  # noqa: S311 - a game
        answers.append(await dialect.answer([Line("anna", "Mice dance.")], "Rain falls on figs."))
    assert "Rain falls on figs." not in answers
    assert answers.count("Foxes like figs.") > 20


async def test_trained_chain_is_kept(tmp_path: Path, cache: Path) -> None:
    """The second time the chain comes from the cache, and is the same; a changed text is learnt anew."""
    file = corpus(tmp_path)
    first = await markov(file)
    (kept,) = kept_in(cache)
    assert (await markov(file)).shared.states == first.shared.states
    kept.write_text('{"": [["Cached."], [1]], " ": [["Cached."], [1]], " Cached.": [["\\n"], [1]]}\n')
    assert (await markov(file)).shared.walk(random.Random(1), 9) == "Cached."  # noqa: S311 - a game
    kept.write_text("rubbish")
    assert (await markov(file)).shared.states == first.shared.states
    corpus(tmp_path, TEXT + " More.")
    assert (await markov(file)).shared.states != first.shared.states


async def test_cache_has_a_limit(tmp_path: Path, cache: Path) -> None:
    """Only the chains used last are kept."""
    for number in range(25):
        await markov(corpus(tmp_path, f"Text {number}."))
    assert len(kept_in(cache)) == 20


async def test_cache_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be kept, as in a read-only container, bots talk all the same."""
    monkeypatch.setenv("CHATTER_CACHE", "/proc/nowhere")
    assert (await markov(corpus(tmp_path))).shared.states


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "has no words"), (b" \n\n", "has no words"), (b"\x00\x01PNG", "is no text")],
)
async def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """An empty file or a binary one is told by its name."""
    with pytest.raises(DialectError, match=rf"talk\.txt {said}"):
        await markov(corpus(tmp_path, content))


async def test_missing_text_is_told(tmp_path: Path) -> None:
    """A file that is not there is told by its path, and a folder is no file."""
    with pytest.raises(DialectError, match=r"nowhere\.txt: No such file"):
        await markov(tmp_path / "nowhere.txt")
    with pytest.raises(DialectError, match="Is a directory"):
        await markov(tmp_path)


async def test_other_encodings_are_read_as_well_as_can_be(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 become replacement characters, and the rest is learnt."""
    ready = await markov(corpus(tmp_path, "Grüße aus Köln.".encode("latin-1")))
    assert "aus" in ready.shared.walk(random.Random(1), 9)  # noqa: S311 - a game


async def test_training_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    """While a long text is learnt, others have their turn, again and again."""
    rng = random.Random(1)  # noqa: S311 - a game
    text = "\n".join(" ".join(str(rng.randrange(500)) for _ in range(12)) for _ in range(4000))
    task = asyncio.create_task(markov(corpus(tmp_path, text)))
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert (await task).shared.states
    assert turns > 10
