"""The contract suite that plug-ins run: a dialect that breaks a point fails there, with what it did."""

import sys
from pathlib import Path

import pytest

import plug_ins
from rabbit_chatter.testing import DialectContract

BAD = """
import asyncio
import itertools
import random
import time
from pydantic import Field, field_validator
from rabbit_chatter.dialects.echo import Echo

class Good(Echo):
    pass

class Undecided(Echo):
    async def tweet(self):
        return str(random.random())

class Forgetful(Echo):
    calls = itertools.count()
    async def tweet(self):
        return str(next(self.calls))

class Ascii(Echo):
    async def answer(self, history, heard):
        return heard[:100].encode("ascii").decode()

class Surrogates(Echo):
    async def answer(self, history, heard):
        return heard[:100].encode().decode()

class Templated(Echo):
    async def answer(self, history, heard):
        return heard.format(partner="you")[:100]

class Eager(Echo):
    async def answer(self, history, heard):
        return f"You said: {history[-1].text[:100]}"

class Tidy(Echo):
    async def answer(self, history, heard):
        assert len(history) < 1000
        return heard[:100]

class Endless(Echo):
    async def answer(self, history, heard):
        return "x" * 5000

class Numeric(Echo):
    async def answer(self, history, heard):
        return 42

class Silent(Echo):
    async def open(self, partner):
        return ""

class Sleepy(Echo):
    async def answer(self, history, heard):
        time.sleep(0.25 if heard.startswith("Well") else 0)
        return heard[:100]

class Heavy(Echo):
    async def tweet(self):
        end = time.perf_counter() + 0.25
        while time.perf_counter() < end:
            pass
        return "done"

class Slowstart(Echo):
    @classmethod
    async def prepare(cls, options):
        time.sleep(0.25)

class Quadratic(Echo):
    async def answer(self, history, heard):
        if len(history) > 5000:
            time.sleep(0.25)
        return heard[:100]

class Stubborn(Echo):
    async def answer(self, history, heard):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return "I was not finished"

class Deaf(Echo):
    async def answer(self, history, heard):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            await asyncio.sleep(1.5)
        return heard[:100]

class Lax(Echo):
    class Options(Echo.Options):
        model_config = {"extra": "ignore"}

class Vague(Echo):
    class Options(Echo.Options):
        volume: object = Field(11, description="how loud")
"""

# Each bad dialect, the point that it breaks, and words of what is said about it.
BROKEN = [
    ("undecided", "test_seed_decides_what_is_said", "same seed, other words"),
    ("forgetful", "test_seed_decides_what_is_said", "same seed, other words"),
    ("ascii", "test_any_unicode_is_answered", "'ascii' codec"),
    ("surrogates", "test_any_unicode_is_answered", "surrogates not allowed"),
    ("templated", "test_hostile_input_is_answered", ""),
    ("eager", "test_empty_history", "list index out of range"),
    ("tidy", "test_long_history", ""),
    ("endless", "test_output_is_bounded", "5000 characters, the limit is 4000"),
    ("numeric", "test_output_is_bounded", "42 is neither a text nor None"),
    ("silent", "test_output_is_bounded", "where somebody has to begin"),
    ("sleepy", "test_event_loop_is_never_blocked", "in answer"),
    ("heavy", "test_event_loop_is_never_blocked", "in tweet"),
    ("slowstart", "test_event_loop_is_never_blocked", "in prepare"),
    ("quadratic", "test_event_loop_is_never_blocked", "with 10,000 lines"),
    ("stubborn", "test_cancellation_is_respected", "I was not finished"),
    ("deaf", "test_cancellation_is_respected", "it went on for"),
    ("lax", "test_options_are_validated", "no_such_option = '1' was not refused"),
    ("vague", "test_options_are_validated", "option volume"),
]

POINTS = sorted(name for name in dir(DialectContract) if name.startswith("test_"))


@pytest.fixture(autouse=True)
def _plug_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_ins.install(tmp_path, BAD, *(name for name, _, _ in BROKEN), "good")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "somebodys_dialect", raising=False)


def check(name: str, point: str) -> None:
    """Run one point of the contract for a dialect."""
    suite = type("Suite", (DialectContract,), {"dialect": name})()
    getattr(suite, point)()


def test_every_point_is_broken_by_somebody() -> None:
    """No point of the contract passes whatever a dialect does."""
    assert {point for _, point, _ in BROKEN} == set(POINTS)


@pytest.mark.parametrize(("name", "point", "said"), BROKEN, ids=[name for name, _, _ in BROKEN])
def test_bad_dialect_fails(name: str, point: str, said: str) -> None:
    """A dialect that breaks a point fails there, with what it did."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - what the dialect itself raises, or an assertion
        check(name, point)
    assert said in str(raised.value)


@pytest.mark.parametrize("point", POINTS)
def test_good_dialect_passes(point: str) -> None:
    """The dialect that the bad ones are made from passes every point."""
    check("good", point)
