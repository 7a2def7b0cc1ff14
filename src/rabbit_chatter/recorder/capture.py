"""What Prometheus saw between two moments, as series on the grid of its scrapes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx

from rabbit_chatter.errors import RecordingError
from rabbit_chatter.recorder.kept import SELECTOR, is_kept
from rabbit_chatter.recordings.notation import encode
from rabbit_chatter.recordings.recording import Series, is_time

_TIMEOUT = 30.0

Labels = tuple[tuple[str, str], ...]
Target = tuple[str, str]


@dataclass(frozen=True)
class Window:
    """From ``start`` (seconds since 1970) ``samples`` scrapes, each ``interval`` seconds after the last."""

    start: float
    samples: int
    interval: int


@dataclass(frozen=True)
class _Raw:
    metric: str
    labels: dict[str, str]
    samples: list[tuple[float, float]]

    @property
    def target(self) -> Target:
        return self.labels.get("job", ""), self.labels.get("instance", "")


def capture(url: str, window: Window, addresses: Mapping[str, str]) -> list[Series]:
    """Return all series that rules may use.

    Raw samples come from an instant query of a range
    (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries). Each is moved to the next
    moment of the grid; a target is scraped at the same distance from it every time.

    Args:
        url: of Prometheus.
        window: what is asked for; it must have passed.
        addresses: what stands in the place of an ``instance``: where things listen by default.

    Raises:
        RecordingError: Prometheus does not answer, or has nothing.
    """
    raws = list(_ask(url, window))
    phases = _phases(raws, window)
    unscraped = _unscraped(raws, window, phases)
    found: dict[tuple[str, Labels], Series] = {}
    for raw in raws:
        labels = {**raw.labels, "instance": addresses.get(raw.target[1], raw.target[1])}
        values = encode(_on_grid(raw, window, phases[raw.target]), unscraped)
        found[raw.metric, tuple(sorted(labels.items()))] = Series(raw.metric, labels, values)
    if not found:
        raise RecordingError(f"Prometheus at {url} saw nothing in that time; is the network up?")
    return list(found.values())


def _ask(url: str, window: Window) -> Iterator[_Raw]:
    # From one scrape before, which is what is known at the start.
    end = window.start + (window.samples - 1) * window.interval
    query = {"query": f"{SELECTOR}[{window.samples * window.interval}s]", "time": f"{end:.3f}"}
    try:
        answer = httpx.post(f"{url}/api/v1/query", data=query, timeout=_TIMEOUT, trust_env=False)
        results: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise RecordingError(f"Prometheus at {url} does not answer: {error}") from error
    for result in results:
        labels = dict(result["metric"])
        metric = labels.pop("__name__")
        if is_kept(metric):
            yield _Raw(metric, labels, [(float(at), float(value)) for at, value in result["values"]])


def _phases(raws: list[_Raw], window: Window) -> dict[Target, float]:
    """Return for each target how long after a moment of the grid it is scraped."""
    found: dict[Target, float] = {}
    for raw in sorted(raws, key=lambda raw: (raw.metric != "up", -len(raw.samples))):
        if raw.target not in found:
            first = raw.samples[0][0]
            half = window.interval / 2
            near = [(at - first + half) % window.interval - half for at, _ in raw.samples]
            found[raw.target] = (first + median(near) - window.start) % window.interval
    return found


def _slot(at: float, window: Window, phase: float) -> int:
    # The next moment of the grid, not the last: nobody sees a sample before it was taken.
    return round((at - window.start - phase) / window.interval) + 1


def _unscraped(raws: list[_Raw], window: Window, phases: Mapping[Target, float]) -> set[int]:
    """Return the moments at which Prometheus scraped nobody."""
    seen = {
        _slot(at, window, phases[raw.target]) for raw in raws if raw.metric == "up" for at, _ in raw.samples
    }
    return set(range(window.samples)) - seen


def _on_grid(raw: _Raw, window: Window, phase: float) -> list[float | None]:
    slots: list[float | None] = [None] * window.samples
    for at, value in raw.samples:
        slot = _slot(at, window, phase)
        if 0 <= slot < window.samples:
            slots[slot] = value - window.start if is_time(raw.metric, value) else value
    return slots
