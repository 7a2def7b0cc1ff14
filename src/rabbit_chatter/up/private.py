"""A RabbitMQ for one block of code: tests and measurements have one of their own, and may break it."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.ports import accepts, free_ports
from rabbit_chatter.up.rabbitmq import RabbitNode, RabbitPorts, is_healthy

_BOOT_SECONDS = 60.0
_STOP_SECONDS = 20.0
_COORDINATOR = b"rabbit_stream_coordinator"


class PrivateBroker:
    """A RabbitMQ that may be started and stopped again; ports and data stay the same.

    Args:
        folder: for data, configuration and the log.
    """

    def __init__(self, folder: Path) -> None:
        self.node = RabbitNode(folder, RabbitPorts(*free_ports(5)))
        self.log = folder / "broker.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def management_url(self) -> str:
        """Address of the management API; see :meth:`password`."""
        return self.node.management_url

    @property
    def prometheus_url(self) -> str:
        """Address below which ``/metrics`` and ``/metrics/detailed`` are."""
        return self.node.prometheus_url

    def amqp_url(self, user: str = "chatter-bot") -> str:
        """Return the AMQP address for ``chatter-bot``, ``chatter-server`` or ``chatter-manager``."""
        return self.node.amqp_url(user)

    def password(self, user: str) -> str:
        """Return the password of ``user``."""
        return self.node.passwords[user]

    def start(self) -> None:
        """Start, and return when AMQP and the management API answer.

        Raises:
            UpError: it ended, or did not answer in time; with the end of its log.
        """
        self.node.write()
        with self.log.open("ab") as log:
            self._run(self.node.epmd_command(), log)
            self._wait(lambda: accepts(self.node.ports.epmd))
            self._run(self.node.command(), log)
        self._wait(lambda: is_healthy(self.node))

    def stop(self) -> None:
        """Stop cleanly, which takes RabbitMQ some seconds, and return when no process is left."""
        while self._processes:
            process = self._processes.pop()
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def kill(self) -> None:
        """Stop at once, as a power failure would; :meth:`start` then finds what was on disk."""
        while self._processes:
            process = self._processes.pop()
            process.kill()
            process.wait()

    def wait_until_saved(self) -> None:
        """Return when the streams declared at the first start would outlive :meth:`kill`.

        RabbitMQ's list of Raft members goes to disk about a second after it changed (the ``auto_save`` of
        Erlang's ``dets``). A node killed sooner finds its queues and bindings again, but starts no stream,
        ever: seen with 3.10, where what is published to one is returned as unroutable.

        Raises:
            UpError: the broker ended, or the list was not written in time.
        """
        lists = "data/*/coordination/*/names.dets"
        self._wait(lambda: any(_COORDINATOR in path.read_bytes() for path in self.node.folder.glob(lists)))

    def _run(self, command: list[str], log: IO[bytes]) -> None:
        # A session of its own: Ctrl-C in the terminal is for the tests, which then stop the broker.
        self._processes.append(
            subprocess.Popen(  # noqa: S603 - a program of the system, without any input of others
                command,
                env=self.node.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )

    def _wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _BOOT_SECONDS
        while not ready():
            ended = [process for process in self._processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                self.stop()
                tail = self.log.read_text(errors="replace")[-2000:]
                raise UpError(f"the private RabbitMQ did not start; see {self.log}, which ends:\n{tail}")
            time.sleep(0.05)
