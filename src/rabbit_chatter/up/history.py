"""An hour that was recorded, put into Prometheus before it starts: graphs are full in the first minute.

What was recorded is a quarter of an hour. It is repeated until it fills the hour that has just passed, so at
each seam counters begin anew, as after a restart, and there is no more variety than a quarter of an hour has.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from rabbit_chatter.errors import UpError
from rabbit_chatter.recordings.library import Library
from rabbit_chatter.recordings.notation import decode
from rabbit_chatter.recordings.recording import Recording, Series, is_time, selector
from rabbit_chatter.up.files import shipped
from rabbit_chatter.up.monitoring import find_promtool
from rabbit_chatter.up.options import LOOPBACK, Ports

_RECORDING = "healthy-quiet"
_LENGTH = 3600  # seconds
_NOW_MARGIN = 60  # seconds before now at which it ends, so that it never overlaps with what is scraped
_TIMEOUT = 120.0


def load_history(folder: Path, ports: Ports) -> str:
    """Write an hour of blocks into the data of a Prometheus that has none yet; return what was done.

    See https://prometheus.io/docs/prometheus/latest/storage/#backfilling-from-openmetrics-format.

    Args:
        folder: of the network; Prometheus' data is in ``prometheus/data`` below it.
        ports: where everything will listen.

    Raises:
        UpError: promtool is missing or failed.
        RecordingError: the recording is damaged.
    """
    data = folder / "prometheus" / "data"
    if data.exists() and any(data.iterdir()):
        return "Prometheus has data of its own already, so no recorded hour is loaded"
    program = find_promtool()
    if program is None:
        raise UpError("--history needs promtool, which comes with Prometheus")
    recording = Library(shipped(f"exercises/recordings/{_RECORDING}.jsonl.xz").parent).get(_RECORDING)
    text = folder / "prometheus" / "history.txt"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(_lines(recording, int(time.time()) - _NOW_MARGIN, _addresses(ports)))
    try:
        done = subprocess.run(  # noqa: S603 - a program that we name
            [program, "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(data)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    finally:
        text.unlink()
    if done.returncode:
        raise UpError(f"promtool could not load the recorded hour: {done.stderr.strip()[-500:]}")
    return f"Prometheus begins with an hour that was recorded on {recording.about.recorded[:10]}"


def _addresses(ports: Ports) -> dict[str, str]:
    """Return where things listen here, by where they listen by default."""
    usual = Ports()
    return {f"{LOOPBACK}:{getattr(usual, n)}": f"{LOOPBACK}:{getattr(ports, n)}" for n in vars(usual)}


def _lines(recording: Recording, end: int, addresses: dict[str, str]) -> Iterator[str]:
    """Yield OpenMetrics' lines of all series, repeated so that they end at ``end``."""
    length = recording.about.samples * recording.about.interval
    starts = range(end - length, end - _LENGTH - length, -length)[::-1]
    for series in recording.series():
        samples = list(enumerate(decode(series.values)))
        for start in starts:
            yield from _of_one(series, samples, start, recording.about.interval, addresses)
    yield "# EOF\n"


def _of_one(
    series: Series,
    samples: list[tuple[int, float | None]],
    start: int,
    interval: int,
    addresses: dict[str, str],
) -> Iterator[str]:
    labels = {
        **series.labels,
        "instance": addresses.get(series.labels["instance"], series.labels["instance"]),
    }
    name = selector(series.metric, labels)
    shift = start if is_time(series.metric) else 0
    for index, value in samples:
        if value is not None:
            yield f"{name} {value + shift!r} {start + index * interval}\n"
