"""``bench hop``: what a hop costs with all telemetry on, against bare aio-pika, in one run.

All variants are alive at the same time and take short turns in alternating order, so that a machine whose
speed drifts slows all of them alike; each turn is compared with the bare turn of its own round, and the
median of those ratios is reported with its spread.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from rabbit_chatter.bench.sink import span_sink
from rabbit_chatter.errors import ChatterError

BARE = "bare"
SAMPLED = {"never": 0.0, "onepercent": 0.01, "always": 1.0}


@dataclass
class Row:
    """What was measured of one variant; one entry per round.

    Attributes:
        cpu: CPU microseconds per hop, of the whole process.
        rate: hops per second.
    """

    variant: str
    cpu: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)

    def against(self, other: "Row") -> dict[str, float]:
        """Return medians, and the median ratios to ``other`` with their quartiles."""
        cpu = [a / b for a, b in zip(self.cpu, other.cpu, strict=True)]
        rate = [a / b for a, b in zip(self.rate, other.rate, strict=True)]
        low, _, high = statistics.quantiles(cpu, n=4) if len(cpu) > 1 else (cpu[0],) * 3
        return {
            "cpu_us": statistics.median(self.cpu),
            "rate": statistics.median(self.rate),
            "cpu_ratio": statistics.median(cpu),
            "cpu_ratio_low": low,
            "cpu_ratio_high": high,
            "rate_ratio": statistics.median(rate),
        }


def measure(amqp_url: str, rounds: int, seconds: float) -> Iterator[dict[str, Row]]:
    """Yield the rows after each round, so that a caller can show progress.

    Args:
        amqp_url: a broker with our definitions.
        rounds: how many turns each variant has.
        seconds: length of a turn.
    """
    variants = [BARE, *SAMPLED]
    rows = {variant: Row(variant) for variant in variants}
    with ExitStack() as stack:
        endpoint = stack.enter_context(span_sink())
        rings = {v: stack.enter_context(_ring(v, amqp_url, endpoint)) for v in variants}
        for variant in variants:  # the first turn warms caches and is not counted
            _turn(rings[variant], seconds)
        for number in range(rounds):
            for variant in variants if number % 2 == 0 else reversed(variants):
                hops, cpu, wall = _turn(rings[variant], seconds)
                rows[variant].cpu.append(cpu / hops * 1e6)
                rows[variant].rate.append(hops / wall)
            yield rows


def _turn(ring: "subprocess.Popen[str]", seconds: float) -> tuple[int, float, float]:
    ask, answer = ring.stdin, ring.stdout
    assert ask is not None
    assert answer is not None
    ask.write(f"{seconds}\n")
    ask.flush()
    line = answer.readline()
    if not line:
        raise ChatterError(f"a measured process ended early: {ring.args!r}")
    said = json.loads(line)
    return said["hops"], said["cpu"], said["wall"]


@contextmanager
def _ring(variant: str, amqp_url: str, endpoint: str) -> "Iterator[subprocess.Popen[str]]":
    environment = {
        **os.environ,
        "CHATTER_AMQP_URL": amqp_url,
        "CHATTER_LOG_FORMAT": "json",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(SAMPLED.get(variant, 0)),
    }
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "rabbit_chatter.bench.ring", variant],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
