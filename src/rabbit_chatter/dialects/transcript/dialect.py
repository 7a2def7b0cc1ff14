"""The dialect: goes on as the export does, and now and then somewhere else."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import structlog
from pydantic import Field

from rabbit_chatter.dialects import Dialect, Line
from rabbit_chatter.dialects.transcript.excerpts import Excerpts, Sample
from rabbit_chatter.dialects.transcript.formats import READERS, Kind, recognize
from rabbit_chatter.dialects.transcript.pseudonyms import Pseudonyms
from rabbit_chatter.dialects.transcript.said import Broken
from rabbit_chatter.errors import DialectError

log = structlog.get_logger()


class Transcript(Dialect):
    """Replays and remixes an export of real chats, names and numbers replaced."""

    class Options(Dialect.Options):
        """What is replayed, and how faithfully."""

        file: Path | None = Field(None, description="the export")
        format: Kind = Field(Kind.AUTO, description="kind of export; `auto` looks how it begins")
        turns: int = Field(20_000, ge=24, le=1_000_000, description="how much of it is kept in memory")
        remix: float = Field(0.2, ge=0, le=1, description="share of answers that leave the export's order")
        keep_names: bool = Field(default=False, description="leave names, numbers, links and addresses in")

    options: Options
    shared: Excerpts

    @classmethod
    async def prepare(cls, options: Options) -> Excerpts:
        """Read the export, in a thread, so that no bot waits."""
        return await asyncio.to_thread(_excerpts, options)

    async def open(self, partner: str) -> str:  # noqa: ARG002 - the protocol's
        """Begin as a stretch of the export begins."""
        return self.persona.rng.choice(self.shared.beginnings)

    async def tweet(self) -> str:
        """Say anything that somebody said."""
        return self.persona.rng.choice(self.shared.replies or self.shared.beginnings)

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:  # noqa: ARG002 - the protocol's
        """Say what followed this in the export, or something with a word of it."""
        rng, excerpts = self.persona.rng, self.shared
        continued = [] if rng.random() < self.options.remix else excerpts.continuations(heard)
        return rng.choice(continued or excerpts.akin(heard) or excerpts.replies or excerpts.beginnings)


def _excerpts(options: Transcript.Options) -> Excerpts:
    file = options.file
    if file is None:
        raise DialectError("dialect transcript: name an export, with --dialect-option transcript.file=PATH")
    broken = Broken(file)
    sample = Sample(options.turns, random.Random("sample"))  # noqa: S311 - a game
    try:
        kind = recognize(file) if options.format is Kind.AUTO else options.format
        sample.take(READERS[kind](file, broken))
    except OSError as error:
        raise DialectError(f"dialect transcript: {file}: {error.strerror or error}") from error
    if not sample.kept:
        raise DialectError(
            f"dialect transcript: {file} has no message that can be read as {kind}; skipped: {broken.count}"
        )
    log.info("transcript.read", file=str(file), format=kind, messages=sample.messages, skipped=broken.count)
    return Excerpts(sample, None if options.keep_names else Pseudonyms(sorted(sample.names)))
