"""supervisord (http://supervisord.org) keeps our processes: its configuration and its remote control.

It starts nothing by itself: `up` starts one process after another, when those before are ready. Later it
starts again what ended unasked. Nobody but this user can reach its socket.
"""

import hashlib
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xmlrpc.client import (
    Error,
    ServerProxy,
)

from supervisor.xmlrpc import SupervisorTransport

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.services import Service

# supervisord cannot quote these; a space RabbitMQ 3.10 cannot, when it asks `df` for the free space.
_UNQUOTABLE = set("\"'%;# \t\n")
_SOCKET_LENGTH = 100  # a Unix socket's path holds 104 bytes on macOS and 108 on Linux
_FILES = 10240 if sys.platform == "darwin" else 20000  # RabbitMQ 4 needs some for each of 1,000 queues
_START_SECONDS = 10.0

# The longest that a process may take to end: RabbitMQ closes its queues, bots finish what they say.
STOP_SECONDS = 30

_PROGRAM = """
[program:{name}]
command={command}
environment={environment}
directory={folder}
priority={priority}
autostart=false
autorestart=true
startretries=5
stopwaitsecs={stop}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
"""

_DAEMON = """\
[supervisord]
logfile={folder}/logs/supervisor.log
logfile_maxbytes=1MB
logfile_backups=1
pidfile={folder}/supervisord.pid
minfds={files}
nocleanup=true

[unix_http_server]
file={socket}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


class Supervisor:
    """A supervisord that lives in ``folder``.

    Args:
        folder: for its configuration, its socket and all logs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._config = folder / "supervisord.conf"
        self._socket = _socket_for(folder)

    def log_of(self, name: str) -> Path:
        """Return the file with what the process ``name`` wrote."""
        return self.folder / "logs" / f"{name}.log"

    def write(self, services: list[Service]) -> None:
        """Write the configuration; it holds passwords, so only its owner can read it.

        Raises:
            UpError: the folder's path, or an argument of a command, has characters that supervisord or
                RabbitMQ cannot quote.
        """
        if _UNQUOTABLE & set(str(self.folder)):
            raise UpError(
                f"{self.folder} cannot be used: choose, with --folder, one without spaces and \" ' % ; #"
            )
        self.log_of("").parent.mkdir(parents=True, exist_ok=True)
        self._config.touch(mode=0o600)
        daemon = _DAEMON.format(folder=self.folder, socket=self._socket, files=min(_FILES, _files_allowed()))
        self._config.write_text(daemon + "".join(self._program(service) for service in services))

    def _program(self, service: Service) -> str:
        return _PROGRAM.format(
            name=service.name,
            command=_quoted(service.command),
            environment=",".join(f'{key}="{value}"' for key, value in service.environment.items()),
            folder=self.folder,
            priority=100 * (service.stage + 1),
            stop=STOP_SECONDS,
            log=self.log_of(service.name),
        )

    def launch(self, environment: Mapping[str, str]) -> int:
        """Start supervisord and return its process id when it answers.

        Args:
            environment: of all processes.

        Raises:
            UpError: it did not start.
        """
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        output = self.folder / "logs" / "supervisord.err"
        with output.open("wb") as stream:
            daemon = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", str(self._config)],
                env=dict(environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C is for `up`, which then stops everything in order
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self.answers():
            if daemon.poll() is not None or time.monotonic() > deadline:
                daemon.kill()
                daemon.wait()
                raise UpError(f"supervisord did not start: {output.read_text(errors='replace')[-1000:]}")
            time.sleep(0.05)
        return daemon.pid

    def answers(self) -> bool:
        """Return whether supervisord is there."""
        try:
            with self._control() as control:
                control.getState()
        except (OSError, Error):
            return False
        return True

    def start(self, name: str) -> None:
        """Start a process, without waiting for it."""
        with self._control() as control:
            control.startProcess(name, False)  # noqa: FBT003 - XML-RPC knows no names

    def stop(self, name: str) -> None:
        """Stop a process and wait for its end."""
        with self._control() as control:
            control.stopProcess(name)

    def ensure(self, name: str) -> None:
        """Start a process unless it runs."""
        if not self.processes()[name]["pid"]:
            self.start(name)

    def enlist(self, name: str) -> None:
        """Start a process that was written into the configuration since the launch.

        Raises:
            UpError: supervisord does not do it, or has ended.
        """
        with self._changing(name) as control:
            control.reloadConfig()
            control.addProcessGroup(name)
            control.startProcess(name, False)  # noqa: FBT003 - XML-RPC knows no names

    def dismiss(self, name: str) -> None:
        """Stop a process, wait for its end, and forget it.

        Raises:
            UpError: supervisord does not do it, or has ended.
        """
        with self._changing(name) as control:
            control.stopProcess(name)
            control.removeProcessGroup(name)

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return what supervisord knows of each process: ``statename``, ``pid``, ``start``, ``now``.

        See http://supervisord.org/api.html#process-control, ``getProcessInfo``.
        """
        with self._control() as control:
            return {info["name"]: info for info in control.getAllProcessInfo()}

    def shutdown(self) -> None:
        """Let supervisord stop what is left and end; returns at once."""
        with self._control() as control:
            control.shutdown()

    @contextmanager
    def _control(self) -> Iterator[Any]:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            yield ServerProxy("http://localhost", transport=transport).supervisor
        finally:
            transport.close()

    @contextmanager
    def _changing(self, name: str) -> Iterator[Any]:
        try:
            with self._control() as control:
                yield control
        except (OSError, Error) as error:
            raise UpError(
                f"{name} was not started or stopped: {error}; see `rabbit-chatter status`"
            ) from error


def _quoted(command: list[str]) -> str:
    """Return a command as supervisord's configuration has it: ``%`` doubled, and nothing like a comment."""
    line = shlex.join(command)
    if "\n" in line or " ;" in line or "\t;" in line:
        wrong = next(part for part in command if "\n" in part or ";" in part)
        raise UpError(f"{wrong!r} cannot be handed on: avoid line breaks, and semicolons after a space")
    return line.replace("%", "%%")


def _socket_for(folder: Path) -> Path:
    inside = folder / "supervisor.sock"
    if len(str(inside)) <= _SOCKET_LENGTH:
        return inside
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"rabbit-chatter-{digest}" / "supervisor.sock"


def _files_allowed() -> int:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return _FILES if hard == resource.RLIM_INFINITY else hard
