"""``bench bots``: how many bots one process carries, each saying one thing a second, everything sampled."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator

from rabbit_chatter.bench.sink import span_sink
from rabbit_chatter.errors import ChatterError


def measure(amqp_url: str, counts: Iterable[int], seconds: float) -> Iterator[dict[str, float]]:
    """Yield one result per count, each from a fresh process.

    Args:
        amqp_url: a broker with our definitions.
        counts: how many bots.
        seconds: length of each measurement.

    Raises:
        ChatterError: a measured process failed.
    """
    with span_sink() as endpoint:
        environment = {
            **os.environ,
            "CHATTER_AMQP_URL": amqp_url,
            "CHATTER_LOG_FORMAT": "json",
            "CHATTER_LOG_LEVEL": "INFO",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_TRACES_SAMPLER": "parentbased_always_on",
        }
        for count in counts:
            done = subprocess.run(  # noqa: S603 - our own module
                [sys.executable, "-m", "rabbit_chatter.bench.crowd", str(count), str(seconds)],
                capture_output=True,
                text=True,
                env=environment,
                check=False,
            )
            if done.returncode:
                raise ChatterError(f"the process with {count} bots failed:\n{done.stderr[-2000:]}")
            yield json.loads(done.stdout)
