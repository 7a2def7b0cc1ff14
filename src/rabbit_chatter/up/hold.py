"""A process that keeps another one stopped for some seconds: ``python -m rabbit_chatter.up.hold``."""

import sys
import time
from contextlib import suppress
from pathlib import Path

from rabbit_chatter.up.supervisor import Supervisor

_POLL_SECONDS = 1.0


def hold(folder: Path, name: str, seconds: float) -> None:
    """Stop ``name``, and start it after ``seconds`` unless somebody has done so before.

    Args:
        folder: where the network keeps its state; when it is gone, there is nothing to start.
        name: of the process.
        seconds: how long it stays away.
    """
    supervisor = Supervisor(folder)
    supervisor.stop(name)
    end = time.monotonic() + seconds
    with suppress(OSError):  # the supervisor has ended, and with it all there was to start
        while time.monotonic() < end and not supervisor.processes()[name]["pid"]:
            time.sleep(_POLL_SECONDS)
        supervisor.ensure(name)


if __name__ == "__main__":
    hold(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
