"""The demo as a class runs it, asked over HTTP by the tests that look at it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from rabbit_chatter.up.options import Ports, option_of
from rabbit_chatter.up.ports import free_ports
from support import Receiver

_NAMES = [name for name in vars(Ports()) if name not in ("epmd", "dist")]


class Demo:
    """A running demo.

    Args:
        folder: where it keeps its data.
        receiver: receives what all components export.
        settings: environment variables of all components.
    """

    def __init__(self, folder: Path, receiver: Receiver, **settings: str) -> None:
        self.folder = folder
        self.receiver = receiver
        self._settings = settings
        self.ports = dict(zip(_NAMES, free_ports(len(_NAMES)), strict=True))

    def up(self, *options: str) -> None:
        """Start it, with forty bots unless ``options`` say otherwise."""
        ports = [text for name, port in self.ports.items() for text in (option_of(name), str(port))]
        self.run("up", "--detach", *options, *ports)

    def run(self, *arguments: str) -> str:
        """Run the program to its end; return what it printed."""
        ended = subprocess.run(
            [sys.executable, "-m", "rabbit_chatter", *arguments],
            cwd=self.folder, env=self._environment(), timeout=120, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def url(self, service: str) -> str:
        """Return the address of a service, by the name of its port."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def amqp_url(self, user: str) -> str:
        """Return where and how ``user`` connects to the demo's RabbitMQ."""
        passwords = json.loads((self.folder / ".chatter/rabbitmq/passwords.json").read_text())
        return f"amqp://{user}:{passwords[user]}@127.0.0.1:{self.ports['amqp']}/chatter"

    async def get(self, service: str, path: str, **params: str | float) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON that a service answers."""
        async with httpx.AsyncClient(base_url=self.url(service), timeout=10) as client:
            return (await client.get(path, params=params)).raise_for_status().json()

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers."""
        answer = await self.get("prometheus", "/api/v1/query", query=expression)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    async def series(self, expression: str, begin: float, end: float) -> list[tuple[float, float]]:
        """Return what one expression was from ``begin`` to ``end``, each second, as Prometheus has it.

        Times are in seconds since 1970.
        """
        answer = await self.get(
            "prometheus", "/api/v1/query_range", query=expression, start=begin, end=end, step=1
        )
        return [(at, float(value)) for one in answer["data"]["result"][:1] for at, value in one["values"]]

    def _environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("CHATTER_", "OTEL_"))}
        return {**own, "OTEL_EXPORTER_OTLP_ENDPOINT": self.receiver.url, **self._settings}
