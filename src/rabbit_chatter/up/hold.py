"""A process that keeps another one stopped for some seconds: ``python -m rabbit_chatter.up.hold``."""

import sys
import time
from contextlib import suppress
from pathlib import Path

from rabbit_chatter.up.supervisor import Supervisor


def hold(folder: Path, name: str, seconds: float) -> None:
    """Stop ``name``, and start it after ``seconds`` unless somebody has done so before.

    Args:
        folder: where the network keeps its state; when it is gone, there is nothing to start.
        name: of the process.
        seconds: how long it stays away.
    """
    supervisor = Supervisor(folder)
    supervisor.stop(name)
    time.sleep(seconds)
    with suppress(OSError):
        supervisor.ensure(name)


if __name__ == "__main__":
    hold(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
