"""Run a program on what a student wrote: for a limited time, in limited memory, and none of it remains."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rabbit_chatter.errors import ToolError
from rabbit_chatter.exercises.student import Unreadable

# The shell sets the limits, as they hold for one process only: address space in KiB, files in blocks of 512.
# Where a system knows no such limit (macOS has none for memory), the time limit holds alone.
_SHELL = 'ulimit -v "$0" 2>/dev/null; ulimit -f "$1" 2>/dev/null; ulimit -c 0; shift; exec "$@"'


# One core for each run, since two runs share the machine; memory is there, so collect garbage less often.
_GO = {"GOMAXPROCS": "1", "GOGC": "400"}


@dataclass(frozen=True)
class Limits:
    """What a program may take.

    Attributes:
        seconds: of wall time.
        memory: bytes of address space. Go reserves some hundred MB before it begins.
        output: bytes that it may write, to its output or to any file.
    """

    seconds: float = 10.0
    memory: int = 4 * 1024**3
    output: int = 48 * 1024**2


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, and all that it printed on both streams, in order."""

    code: int
    output: str


def run(
    command: Sequence[str | Path],
    folder: Path,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run ``command`` in ``folder`` and return how it ended.

    Raises:
        Unreadable: it ran too long, as what it was given is too much; all that it started has been killed.
    """
    limits = limits or Limits()
    shell = ["/bin/sh", "-c", _SHELL, str(limits.memory // 1024), str(limits.output // 512)]
    own = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", **_GO, **(environment or {})}
    with tempfile.TemporaryFile(dir=folder) as output:
        process = subprocess.Popen(  # noqa: S603 - a program that we name, with limits
            [*shell, *map(str, command)],
            cwd=folder,
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            code = process.wait(limits.seconds)
        except subprocess.TimeoutExpired as error:
            name = Path(command[0]).name
            raise Unreadable(f"{name} was stopped after {limits.seconds:g} s: this takes too long") from error
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return Ended(code, output.read(limits.output).decode(errors="replace"))


def find(program: str, how: str) -> str:
    """Return the path of a program.

    Raises:
        ToolError: it is not installed; with ``how`` to get it.
    """
    found = shutil.which(program)
    if found is None:
        raise ToolError(f"{program} is not installed: {how}")
    return found
