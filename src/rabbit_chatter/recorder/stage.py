"""A network of its own for one scene: started, left alone, disturbed, watched, stopped."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from rabbit_chatter.errors import RecordingError
from rabbit_chatter.recorder.capture import Window, capture
from rabbit_chatter.recorder.scenes import Act, Scene
from rabbit_chatter.recordings.recording import About, Recording, Series
from rabbit_chatter.up.network import Network, Progress
from rabbit_chatter.up.options import Ports, UpOptions
from rabbit_chatter.up.ports import free_ports
from rabbit_chatter.up.record import Record
from rabbit_chatter.up.services import Plan

INTERVAL = 5  # seconds, as in prometheus.yml
_NAMES = [name for name in vars(Ports()) if name not in ("epmd", "dist")]
_COMMAND_SECONDS = 60


class Stage:
    """A network for one scene.

    Args:
        scene: what is played.
        folder: where the network lives.
        options: what it was, or will be, started with.
        progress: who is told.
    """

    def __init__(self, scene: Scene, folder: Path, options: UpOptions, progress: Progress) -> None:
        self.scene = scene
        self.folder = folder.resolve()
        self._progress = progress
        self._network = Network(self.folder, progress)
        self._options = options

    @classmethod
    def fresh(cls, scene: Scene, folder: Path, progress: Progress) -> "Stage":
        """Return a network in ``folder`` that is yet to be started, on free ports."""
        ports = Ports(**dict(zip(_NAMES, free_ports(len(_NAMES)), strict=True)))
        return cls(scene, folder, UpOptions(scene.bots, scene.tempo, scene.dialect, ports=ports), progress)

    @classmethod
    def running(cls, scene: Scene, folder: Path, progress: Progress) -> "Stage":
        """Return the network that runs in ``folder``.

        Raises:
            RecordingError: none does.
        """
        record = Record.read(folder)
        if record is None:
            raise RecordingError(f"nothing runs in {folder}: start it with `rabbit-chatter up`")
        return cls(scene, folder, record.options, progress)

    def record(self) -> Recording:
        """Start the network, play the scene, stop it, and return what was seen.

        Raises:
            UpError: the network did not start.
            RecordingError: something could not be done to it, or nothing was seen.
        """
        try:
            self._network.up(self._options)
            return self.play(time.time() + self.scene.warm_up)
        finally:
            self._network.down()

    def play(self, start: float) -> Recording:
        """Play the scene on the running network, and return what was seen since ``start``.

        Raises:
            RecordingError: as for :meth:`record`.
        """
        for act in sorted(self.scene.acts, key=lambda act: act.at):
            _sleep_until(start + self.scene.lead + act.at)
            self._progress.note(f"{act.do} {act.what}")
            self._verbs[act.do](act)
        samples = self.scene.length // INTERVAL + 1
        window = Window(start, samples, INTERVAL)
        _sleep_until(start + samples * INTERVAL + 1)
        series = capture(self._options.ports.url("prometheus"), window, self._addresses())
        return Recording.of(self._about(window, series, self._victims(window)), series)

    def _about(self, window: Window, series: list[Series], victims: dict[str, list[str]]) -> About:
        scene, troubled = self.scene, self.scene.kind != "healthy"
        build = next((dict(one.labels) for one in series if one.metric == "rabbitmq_build_info"), {})
        return About(
            name=scene.name,
            title=scene.title,
            kind=scene.kind,
            interval=window.interval,
            samples=window.samples,
            inject=scene.lead if troubled else None,
            clear=scene.lead + scene.hold if troubled else None,
            recorded=datetime.fromtimestamp(window.start, UTC).isoformat(timespec="seconds"),
            start=round(window.start, 3),
            bots=self._options.bots,
            tempo=self._options.tempo,
            victims=victims,
            versions={
                "rabbitmq": build.get("rabbitmq_version", "unknown"),
                "erlang": build.get("erlang_version", "unknown"),
                "prometheus": self._prometheus_version(),
            },
        )

    def _victims(self, window: Window) -> dict[str, list[str]]:
        at = window.start + self.scene.lead + self.scene.hold
        return {
            label: sorted({row["metric"].get(label, "") for row in self._query(query, at)})
            for label, query in self.scene.victims.items()
        }

    def _query(self, query: str, at: float) -> list[dict[str, Any]]:
        url = f"{self._options.ports.url('prometheus')}/api/v1/query"
        answer = httpx.get(url, params={"query": query, "time": at}, timeout=10, trust_env=False)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]
        return found

    def _prometheus_version(self) -> str:
        url = self._options.ports.url("prometheus")
        answer = httpx.get(f"{url}/api/v1/status/buildinfo", timeout=10, trust_env=False)
        return str(answer.raise_for_status().json()["data"]["version"])

    def _addresses(self) -> dict[str, str]:
        """Return for each address here the one that it has by default."""
        usual = Ports()
        return {
            f"127.0.0.1:{getattr(self._options.ports, name)}": f"127.0.0.1:{getattr(usual, name)}"
            for name in _NAMES
        }

    @property
    def _verbs(self) -> dict[str, Callable[[Act], None]]:
        return {
            "incident": self._incident,
            "stop": lambda act: self._network.supervisor.stop(act.what),
            "kill": self._kill,
            "start": lambda act: self._network.supervisor.start(act.what),
            "pause": lambda act: self._signal(act.what, signal.SIGSTOP),
            "resume": lambda act: self._signal(act.what, signal.SIGCONT),
            "scale": lambda act: self._own("scale", act.what),
            "rabbitmqctl": self._rabbitmqctl,
        }

    def _incident(self, act: Act) -> None:
        self._own("incident", "start", *act.what.split(), "--for", f"{self.scene.hold - act.at}s")

    def _own(self, *words: str) -> None:
        self._run([sys.executable, "-m", "rabbit_chatter", *words, "--folder", str(self.folder)])

    def _signal(self, process: str, number: signal.Signals) -> None:
        psutil.Process(self._network.pids()[process]).send_signal(number)

    def _kill(self, act: Act) -> None:
        self._signal(act.what, signal.SIGKILL)
        self._network.supervisor.stop(act.what)  # before supervisord has started it again

    def _rabbitmqctl(self, act: Act) -> None:
        record = Record.read(self.folder)
        if record is None:
            raise RecordingError(f"nothing runs in {self.folder}")
        node = Plan(self.folder, record.options).node
        self._run(
            [str(Path(node.command()[0]).with_name("rabbitmqctl")), *act.what.split()], node.environment()
        )

    def _run(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        done = subprocess.run(  # noqa: S603 - our own program, or the broker's
            command, env=environment, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
        if done.returncode:
            raise RecordingError(
                f"{' '.join(command[-4:])} failed: {(done.stdout + done.stderr).strip()[-500:]}"
            )


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))
