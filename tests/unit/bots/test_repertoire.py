import random
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

import plug_ins
from rabbit_chatter.bots.cast import Cast
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.bots.repertoire import Repertoire
from rabbit_chatter.dialects import Persona
from rabbit_chatter.dialects.echo import Echo
from rabbit_chatter.errors import DialectError

PLUG_INS = """
from rabbit_chatter.dialects.echo import Echo

class Unready(Echo):
    @classmethod
    async def prepare(cls, options):
        raise RuntimeError("no model file")

class Unborn(Echo):
    def set_up(self):
        raise ValueError("not today")

class Closing(Echo):
    closed = []

    @classmethod
    async def prepare(cls, options):
        return cls()

    def __init__(self, *_):
        pass

    async def aclose(self):
        self.closed.append(True)
"""


@pytest.fixture(autouse=True)
def _plug_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_ins.install(tmp_path, PLUG_INS, "unready", "unborn", "closing")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "somebodys_dialect", raising=False)


def repertoire(**mix: float) -> tuple[Repertoire, CollectorRegistry]:
    """Return a repertoire of these dialects, and where it counts."""
    registry = CollectorRegistry()
    cast = Cast(mix)
    return Repertoire(cast.chosen, cast.mix, BotMetrics(registry)), registry


def voice(found: Repertoire, wanted: str | None = None) -> str:
    """Return the dialect that a new bot gets."""
    rng = random.Random(1)  # noqa: S311 - a game
    return found.voice_of(Persona("anna", rng), rng, wanted)[1]


async def test_dialect_that_cannot_be_prepared_is_left_out() -> None:
    """The others still work; which one does not is a metric and a log line."""
    found, registry = repertoire(unready=99, echo=1)
    await found.prepare()
    assert voice(found) == "echo"
    assert voice(found, "unready") == "echo"
    assert registry.get_sample_value("chatter_dialect_usable", {"dialect": "unready"}) == 0
    assert registry.get_sample_value("chatter_dialect_usable", {"dialect": "echo"}) == 1


async def test_nothing_left_to_speak_is_told_with_all_reasons() -> None:
    """Where no dialect can be used, the error says why for each."""
    found, _ = repertoire(unready=1)
    with pytest.raises(DialectError, match=r"unready cannot be used: RuntimeError\('no model file'\)"):
        await found.prepare()


async def test_constructor_that_fails_ends_nobody() -> None:
    """A bot whose dialect cannot be made gets another, and the failing one is counted and asked no more."""
    found, registry = repertoire(unborn=99, echo=1)
    await found.prepare()
    assert [voice(found) for _ in range(5)] == ["echo"] * 5
    counted = {"dialect": "unborn", "error_type": "ValueError"}
    assert registry.get_sample_value("chatter_compose_failures_total", counted) == 1
    alone, _ = repertoire(unborn=1)
    await alone.prepare()
    with pytest.raises(DialectError, match="none of the dialects can be spoken: unborn"):
        voice(alone)


async def test_what_bots_shared_is_given_back() -> None:
    """What a dialect keeps open is closed in the end, and only where there is something."""
    found, _ = repertoire(closing=1, echo=1)
    await found.prepare()
    await found.close()
    assert sys.modules["somebodys_dialect"].Closing.closed == [True]


async def test_weights_decide() -> None:
    """Three of four bots speak what weighs three of four, unless they have a dialect of their own."""
    found, _ = repertoire(echo=3, eliza=1)
    await found.prepare()
    rng = random.Random(1)  # noqa: S311 - a game
    drawn = [found.voice_of(Persona("anna", rng), rng, None) for _ in range(400)]
    assert 270 < sum(isinstance(spoken, Echo) for spoken, _ in drawn) < 330
    assert found.voice_of(Persona("anna", rng), rng, "eliza")[1] == "eliza"
