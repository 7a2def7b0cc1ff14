"""One recording: what it is of, and the series that Prometheus saw."""

import json
import lzma
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from rabbit_chatter.errors import RecordingError

SUFFIX = ".jsonl.xz"
_SINCE_1970 = 1e9  # what is smaller is no time that RabbitMQ or Python told, but "none"
_LARGEST = 64 * 1024 * 1024  # decompressed; a real one has about 2 MB

Kind = Literal["healthy", "incident", "decoy"]


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a recording is of.

    Attributes:
        title: a sentence for people.
        kind: ``healthy`` and ``decoy`` need nobody; an ``incident`` does.
        interval: seconds between scrapes, and between evaluations.
        samples: how many scrapes; the first is at 0 s.
        inject: seconds after the start at which the trouble began, or ``None`` if there is none.
        clear: seconds after the start at which its cause was gone.
        recorded: when, in UTC; ``start`` is the same in seconds since 1970, which was subtracted from all
            samples that are times.
        victims: by label, the values that name what was hit, such as ``{"queue": ["merryotter-zestyyak"]}``.
        versions: of the programs that were watched.
    """

    format: Literal[1] = 1
    name: str
    title: str
    kind: Kind
    interval: int
    samples: int
    inject: int | None = None
    clear: int | None = None
    recorded: str
    start: float
    bots: int
    tempo: float
    victims: dict[str, list[str]] = msgspec.field(default_factory=dict)
    versions: dict[str, str]

    @property
    def end(self) -> int:
        """Seconds from the first sample to the last."""
        return (self.samples - 1) * self.interval


def selector(metric: str, labels: Mapping[str, str]) -> str:
    """Return a series as PromQL writes it; a JSON string is a PromQL string."""
    pairs = ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items())
    return f"{metric}{{{pairs}}}"


def is_time(metric: str, value: float = _SINCE_1970) -> bool:
    """Return whether a value is a time since 1970, of which recordings keep the seconds since their start."""
    return value >= _SINCE_1970 and metric.endswith(
        ("_timestamp", "_timestamp_seconds", "start_time_seconds")
    )


@dataclass(frozen=True)
class Series:
    """One series.

    Attributes:
        values: in promtool's notation, see :mod:`~rabbit_chatter.recordings.notation`.
    """

    metric: str
    labels: Mapping[str, str]
    values: str


@dataclass(frozen=True)
class Recording:
    """A recording, read from its file; of the series only those that are asked for are looked at."""

    about: About
    lines: tuple[bytes, ...]

    @classmethod
    def read(cls, path: Path) -> "Recording":
        """Read a file.

        Raises:
            RecordingError: it is missing, damaged, or of another format.
        """
        try:
            packed = path.read_bytes()
            text = lzma.LZMADecompressor(memlimit=2 * _LARGEST).decompress(packed, max_length=_LARGEST)
            head, *lines = text.splitlines()
            about = msgspec.json.decode(head, type=About)
        except (OSError, EOFError, lzma.LZMAError, ValueError, msgspec.MsgspecError) as error:
            raise RecordingError(
                f"the recording {path.name} cannot be read ({error}): restore it with "
                "`git checkout exercises/recordings`, or install rabbit-chatter again"
            ) from error
        recording = cls(about, tuple(lines))
        if not text.endswith(b"\n") or not lines:
            raise RecordingError(
                f"the recording {path.name} ends early: restore it with `git checkout exercises/recordings`"
            )
        return recording

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        text = b"".join(line + b"\n" for line in (msgspec.json.encode(self.about), *self.lines))
        fresh = path.with_suffix(".new")
        fresh.write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
        fresh.replace(path)

    @classmethod
    def of(cls, about: About, series: Iterable[Series]) -> "Recording":
        """Return a recording of these series."""
        by_metric: dict[str, list[tuple[Mapping[str, str], str]]] = {}
        for one in sorted(series, key=lambda one: selector(one.metric, one.labels)):
            by_metric.setdefault(one.metric, []).append((one.labels, one.values))
        return cls(about, tuple(msgspec.json.encode([name, rows]) for name, rows in by_metric.items()))

    @cached_property
    def metrics(self) -> dict[str, bytes]:
        """The line of each metric, by its name."""
        return {line[2 : line.index(b'"', 2)].decode(): line for line in self.lines}

    def series(self, metrics: Iterable[str] | None = None) -> Iterator[Series]:
        """Yield the series of these metrics, or all.

        Raises:
            RecordingError: a line is damaged.
        """
        wanted = self.metrics.keys() if metrics is None else self.metrics.keys() & set(metrics)
        for name in sorted(wanted):
            try:
                _, rows = msgspec.json.decode(
                    self.metrics[name], type=tuple[str, list[tuple[dict[str, str], str]]]
                )
            except msgspec.MsgspecError as error:
                raise RecordingError(f"in {self.about.name}, {name} cannot be read: {error}") from error
            for labels, values in rows:
                yield Series(name, labels, values)
