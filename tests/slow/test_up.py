"""The program as a user runs it: `up`, `status`, `logs` and `down`, with real processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from rabbit_chatter.up.leftovers import marked
from rabbit_chatter.up.options import Ports, option_of
from rabbit_chatter.up.ports import free_ports, is_free
from rabbit_chatter.up.record import Record

PROGRAM = [sys.executable, "-m", "rabbit_chatter"]
NAMES = [name for name in vars(Ports()) if name not in ("epmd", "dist")]

pytestmark = pytest.mark.timeout(180)


class Local:
    """The program in a folder of its own, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
        self.mark = ""

    def options(self) -> list[str]:
        """Return what `up` is told: few bots, all ports."""
        ports = [text for name, port in self.ports.items() for text in (option_of(name), str(port))]
        return ["--bots", "3", "--tempo", "5", *ports]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program to its end."""
        return subprocess.run(
            [*PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )

    def start(self) -> subprocess.Popen[str]:
        """Start `up` in the foreground."""
        return subprocess.Popen(
            [*PROGRAM, "up", *self.options()],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def record(self) -> Record:
        """Read and remember which processes are ours."""
        record = Record.read(self.folder / ".chatter")
        assert record is not None
        self.mark = record.mark
        return record

    def assert_nothing_left(self) -> None:
        """Fail if a process or a listening port is left."""
        assert self.mark
        assert marked(self.mark) == []
        assert [name for name, port in self.ports.items() if not is_free(port)] == []


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """Give a folder in which nothing is left running, whatever the test did."""
    started = Local(tmp_path)
    yield started
    started.run("down")


def eventually(what: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until ``what`` holds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)


def test_up_status_logs_down(local: Local) -> None:
    """One command brings the whole network up, every target is scraped, and `down` leaves nothing behind."""
    up = local.run("up", "--detach", *local.options())
    assert up.returncode == 0, up.stdout + up.stderr
    record = local.record()
    assert f"http://127.0.0.1:{local.ports['page']}" in up.stdout

    status = json.loads(local.run("status", "--json").stdout)
    assert status["ready"]
    assert {"epmd", "rabbitmq", "prometheus", "queue-manager", "server", "bots"} <= {
        process["name"] for process in status["processes"]
    }
    assert "Starting RabbitMQ" in local.run("logs", "rabbitmq", "-n", "10000").stdout

    again = local.run("up", *local.options())
    assert again.returncode == 1
    assert "up already" in again.stderr

    eventually(lambda: bots_of(local) == 3)
    eventually(lambda: all_targets_up(local))
    assert record.options.ports.epmd
    assert local.run("down").returncode == 0
    local.assert_nothing_left()
    assert local.run("status").returncode == 1


def bots_of(local: Local) -> int:
    """Return how many bots the queue-manager lists."""
    answer = httpx.get(f"http://127.0.0.1:{local.ports['queue_manager']}/bots", trust_env=False)
    total: int = answer.json()["total"]
    return total


def all_targets_up(local: Local) -> bool:
    """Return whether Prometheus found our components and reaches all that it watches."""
    url = f"http://127.0.0.1:{local.ports['prometheus']}/api/v1/targets"
    targets = httpx.get(url, trust_env=False).json()["data"]["activeTargets"]
    components = {target["labels"].get("component") for target in targets}
    return {"server", "bots", "queue-manager"} <= components and all(t["health"] == "up" for t in targets)


def test_ctrl_c_stops_everything(local: Local) -> None:
    """Ctrl-C on a foreground `up` stops all of it, and it ends with success."""
    with local.start() as up:
        assert up.stdout is not None
        lines = iter(up.stdout.readline, "")
        assert any("Ctrl-C stops everything" in line for line in lines)
        local.record()
        up.send_signal(signal.SIGINT)
        rest = up.stdout.read()
        assert up.wait(60) == 0, rest
    assert re.search(r"bots stopped.*rabbitmq stopped.*epmd stopped", rest, re.DOTALL)
    local.assert_nothing_left()


def test_sigterm_while_starting(local: Local) -> None:
    """SIGTERM while RabbitMQ still boots leaves nothing behind either."""
    with local.start() as up:
        assert up.stdout is not None
        assert any("epmd" in line for line in iter(up.stdout.readline, ""))
        local.record()
        up.send_signal(signal.SIGTERM)
        up.stdout.read()
        assert up.wait(60) == 130
    local.assert_nothing_left()


def test_down_after_the_supervisor_was_killed(local: Local) -> None:
    """Where supervisord was killed, `down` still finds and ends what it had started."""
    assert local.run("up", "--detach", *local.options()).returncode == 0
    daemon = local.record().supervisor_process()
    assert daemon is not None
    daemon.kill()
    eventually(lambda: not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE)
    assert len(marked(local.mark)) >= 6
    assert local.run("down").returncode == 0
    local.assert_nothing_left()


def test_taken_port_is_told_before_anything_starts(local: Local) -> None:
    """Nothing is started, and no folder made, when a port is taken; its owner and the option are named."""
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(local.ports["prometheus"])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=local.folder,
    )
    try:
        eventually(lambda: not is_free(local.ports["prometheus"]))
        up = local.run("up", *local.options())
    finally:
        server.kill()
        server.wait()
    assert up.returncode == 1
    assert f"(pid {server.pid})" in up.stderr
    assert "--prometheus-port" in up.stderr
    assert not (local.folder / ".chatter").exists()


def test_failing_process_is_shown(local: Local) -> None:
    """A process that dies while starting is shown with its last lines, and the rest is stopped again."""
    up = subprocess.run(
        [*PROGRAM, "up", "--detach", *local.options()],
        cwd=local.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "CHATTER_PUBLISH_TIMEOUT": "nonsense"},
    )
    assert up.returncode == 1
    assert "ended while starting" in up.stderr
    assert "CHATTER_PUBLISH_TIMEOUT" in up.stderr
    local.mark = "x"
    local.assert_nothing_left()
