"""The whole network on this machine: started in order, stopped in reverse, nothing left behind."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import psutil

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.history import load_history
from rabbit_chatter.up.leftovers import MARK, end_all
from rabbit_chatter.up.options import UpOptions, option_of
from rabbit_chatter.up.ports import check_free, free_ports
from rabbit_chatter.up.record import Record, forget
from rabbit_chatter.up.services import Plan, Service, ports_in_use
from rabbit_chatter.up.supervisor import STOP_SECONDS, Supervisor

_READY_SECONDS = 90.0
_LOG_TAIL = 15
_FAILED = ("BACKOFF", "EXITED", "FATAL", "UNKNOWN")


class Progress(Protocol):
    """Who is told how far we are."""

    def waiting(self, what: str) -> None:
        """Something is under way."""

    def done(self, what: str, seconds: float) -> None:
        """It is done, after ``seconds``."""

    def note(self, what: str) -> None:
        """Something that people should know."""


@dataclass(frozen=True)
class State:
    """One process, as it is now.

    Attributes:
        state: supervisord's word for it, in lower case: ``running``, ``stopped``, ``fatal``…
        ready: whether it says that it can do its work.
        pid: 0 if it is not running.
        uptime: seconds since it was started.
        url: what to open in a browser.
    """

    name: str
    state: str
    ready: bool
    pid: int
    uptime: int
    url: str | None


class Network:
    """The network that lives in ``folder``.

    Args:
        folder: `.chatter/`: data, configuration, logs.
        progress: who is told.
    """

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder = folder.resolve()
        self.supervisor = Supervisor(self.folder)
        self._progress = progress

    def up(self, options: UpOptions) -> None:
        """Start everything, and return when all of it is ready.

        Args:
            options: what to start.

        Raises:
            UpError: it runs already, a port is taken, a program is missing, or a process failed. In the
                last case all is stopped again.
        """
        self._check_nothing_runs()
        check_free((name, port, option_of(name)) for name, port in ports_in_use(options.ports) if port)
        epmd, dist = free_ports(2, besides=vars(options.ports).values())
        options = replace(options, ports=replace(options.ports, epmd=epmd, dist=dist))
        plan = Plan(self.folder, options)
        self.folder.mkdir(parents=True, exist_ok=True)
        services = plan.services()
        plan.write()
        self.supervisor.write(services)
        if options.history:
            self._progress.waiting("loading a recorded hour")
            self._progress.note(load_history(self.folder, options.ports))
        try:
            self._start(Record.new(options), services)
        except BaseException:  # Ctrl-C too: half a network is worse than none
            self.down()
            raise

    def down(self) -> bool:
        """Stop everything in reverse order, whoever started it; return whether there was anything."""
        record = Record.read(self.folder)
        if record is None:
            return False
        daemon = record.supervisor_process()
        if daemon is not None and self.supervisor.answers():
            self._stop_in_order(record)
            with suppress(psutil.TimeoutExpired):
                daemon.wait(STOP_SECONDS)
        if left := end_all(record.mark):
            self._progress.note(f"ended what had lost its supervisor: {', '.join(sorted(left))}")
        forget(self.folder)
        return True

    def states(self) -> list[State]:
        """Return every process as it is now; none if the network is not up."""
        record = Record.read(self.folder)
        if record is None or record.supervisor_process() is None or not self.supervisor.answers():
            return []
        known = self.supervisor.processes()
        services = Plan(self.folder, record.options, record.more).services()
        return [_state(service, known[service.name]) for service in services if service.name in known]

    def pids(self) -> dict[str, int]:
        """Return the process id behind each name, 0 where it has ended."""
        return {name: info["pid"] for name, info in self.supervisor.processes().items()}

    def is_supervised(self) -> bool:
        """Return whether the network's supervisor lives."""
        record = Record.read(self.folder)
        return record is not None and record.supervisor_process() is not None

    def _check_nothing_runs(self) -> None:
        if self.is_supervised():
            raise UpError(
                f"the network in {self.folder} is up already: see `rabbit-chatter status`, or stop it "
                "with `rabbit-chatter down`"
            )
        if Record.read(self.folder) is not None:
            self._progress.note("the last run was not stopped properly; cleaning up")
            self.down()

    def _start(self, record: Record, services: list[Service]) -> None:
        record.write(self.folder)
        pid = self.supervisor.launch({**_clean(os.environ), MARK: record.mark})
        replace(record, supervisor=pid, started=psutil.Process(pid).create_time()).write(self.folder)
        for _, stage in groupby(services, key=lambda service: service.stage):
            self._start_stage(list(stage))

    def _start_stage(self, stage: list[Service]) -> None:
        begin = time.monotonic()
        for service in stage:
            self.supervisor.start(service.name)
        waiting = list(stage)
        pids: dict[str, int] = {}
        while waiting:
            self._progress.waiting(f"starting {', '.join(service.name for service in waiting)}")
            known = self.supervisor.processes()
            for service in list(waiting):
                self._check_alive(service, known[service.name], pids)
                if service.ready():
                    waiting.remove(service)
                    self._progress.done(service.name, time.monotonic() - begin)
            if waiting and time.monotonic() - begin > _READY_SECONDS:
                raise UpError(self._story(waiting[0], f"was not ready within {_READY_SECONDS:g} s"))
            time.sleep(0.1)

    def _check_alive(self, service: Service, info: Mapping[str, Any], pids: dict[str, int]) -> None:
        """Raise if the process ended since its start; supervisord may have started it again meanwhile."""
        pid = info["pid"]
        if info["statename"] in _FAILED or (pid and pids.setdefault(service.name, pid) != pid):
            raise UpError(self._story(service, "ended while starting"))

    def _story(self, service: Service, what: str) -> str:
        log = self.supervisor.log_of(service.name)
        lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL:] if log.exists() else []
        story = [
            f"{service.name} {what}. Its last lines:",
            *lines,
            f"The whole log: rabbit-chatter logs {service.name}",
        ]
        return "\n  ".join(story)

    def _stop_in_order(self, record: Record) -> None:
        known = self.supervisor.processes()
        services = Plan(self.folder, record.options, record.more).services()
        for name in reversed([service.name for service in services]):
            if known.get(name, {}).get("pid"):
                begin = time.monotonic()
                self._progress.waiting(f"stopping {name}")
                self.supervisor.stop(name)
                self._progress.done(f"{name} stopped", time.monotonic() - begin)
        self.supervisor.shutdown()


def _state(service: Service, info: Mapping[str, Any]) -> State:
    running = bool(info["pid"])
    return State(
        service.name,
        info["statename"].lower(),
        running and service.ready(),
        info["pid"],
        info["now"] - info["start"] if running else 0,
        service.url,
    )


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the user's environment, `OTEL_*` included, without another RabbitMQ's or a proxy's settings.

    Calls on loopback would otherwise go through the proxy.
    """
    kept = {
        key: value
        for key, value in environment.items()
        if not key.startswith(("RABBITMQ_", "ERL_", "SUPERVISOR_"))
    }
    for key in ("NO_PROXY", "no_proxy"):
        kept[key] = ",".join(filter(None, (kept.get(key), "127.0.0.1", "localhost")))
    return kept
