"""One pod that was started from its manifest: what a kubelet asks it, and how it ends it."""

import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
from stack.engine import run

from deployment.manifests import Object


@dataclass(frozen=True)
class Pod:
    """A pod that was started.

    Attributes:
        name: as Kubernetes would make it.
        app: the workload.
        id: the container's name.
        address: where it answers.
        spec: the manifest's.
    """

    name: str
    app: str
    id: str
    address: str
    spec: Object

    @property
    def container(self) -> Object:
        """The manifest of its only container."""
        (one,) = self.spec["containers"]
        found: Object = one
        return found

    @property
    def at(self) -> str:
        """Host and port of its first port."""
        return f"{self.address}:{self.container['ports'][0]['containerPort']}"

    def probe(self, kind: str) -> bool:
        """Ask it as the kubelet would: ``startup``, ``readiness`` or ``liveness``."""
        probe = self.container[f"{kind}Probe"]
        timeout = probe.get("timeoutSeconds", 1)
        if "tcpSocket" in probe:
            with suppress(OSError), socket.create_connection(self._at(probe["tcpSocket"]), timeout):
                return True
            return False
        host, port = self._at(probe["httpGet"])
        with suppress(httpx.TransportError):
            url = f"http://{host}:{port}{probe['httpGet']['path']}"
            return httpx.get(url, timeout=timeout, trust_env=False).is_success
        return False

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON that it answers at its first port."""
        return (
            httpx.get(f"http://{self.at}{path}", params=params, timeout=10, trust_env=False)
            .raise_for_status()
            .json()
        )

    def await_ready(self) -> None:
        """Return when it is ready.

        Raises:
            AssertionError: it has not started in the time that its manifest gives, or is not ready then.
        """
        startup = self.container["startupProbe"]
        self._await("startup", startup["periodSeconds"] * startup["failureThreshold"])
        self._await("readiness", 30)

    def _await(self, kind: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.probe(kind):
            assert self.state()["Running"], f"{self.name} has ended:\n{self.log()[-3000:]}"
            assert time.monotonic() < end, f"{self.name}: no {kind} in {seconds} s:\n{self.log()[-3000:]}"
            time.sleep(0.2)

    def state(self) -> Object:
        """Return how the engine says that it is."""
        found: Object = self.inspect()["State"]
        return found

    def inspect(self) -> Object:
        """Return all that the engine knows of it."""
        found: Object = json.loads(run("docker", "inspect", self.id))[0]
        return found

    def log(self) -> str:
        """Return what it has printed."""
        return run("docker", "logs", self.id)

    def within(self, script: str) -> str:
        """Return what a shell in it prints, with what goes wrong."""
        return run("docker", "exec", self.id, "sh", "-c", script, check=False)

    def end(self) -> tuple[int, float]:
        """End it as Kubernetes does; return its exit code, and the seconds that it took after SIGTERM."""
        before = self.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = self.spec.get("terminationGracePeriodSeconds", 30) - before
        begun = time.monotonic()
        run("docker", "stop", "-t", str(grace), self.id, timeout=grace + 30)
        return int(self.state()["ExitCode"]), time.monotonic() - begun

    def _at(self, where: Object) -> tuple[str, int]:
        port = where["port"]  # its number, or its name
        named = [one["containerPort"] for one in self.container["ports"] if one["name"] == port]
        return self.address, int(named[0] if named else port)
