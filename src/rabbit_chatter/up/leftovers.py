"""Which processes are ours, even when their supervisor was killed.

Process ids are used again by the system, so a list of them would one day name somebody else's process.
All that `up` starts carries a random mark in its environment instead, and passes it on to its own children.
"""

from contextlib import suppress

import psutil

MARK = "CHATTER_UP_MARK"

_END_SECONDS = 20.0


def marked(mark: str) -> list[psutil.Process]:
    """Return the processes that carry ``mark``, as far as this user may look."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                found.append(process)
    return found


def end_all(mark: str) -> list[str]:
    """End every process that carries ``mark`` and return their names.

    Parents are asked first and end their own children; who does not end in time is killed.
    """
    processes = marked(mark)
    names = [_name(process) for process in processes]
    pids = {process.pid for process in processes}
    for process in processes:
        with suppress(psutil.Error):
            if process.ppid() not in pids:
                process.terminate()
    psutil.wait_procs(processes, timeout=_END_SECONDS)
    remaining = marked(mark)
    for process in remaining:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(remaining, timeout=_END_SECONDS)
    return names


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return process.name()
    return "?"
