"""What several tests need: our components as processes, a receiver of traces, and patience."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from rabbit_chatter.up.private import PrivateBroker


async def eventually(check: Callable[[], Any], deadline: float = 20.0, what: str = "") -> Any:  # noqa: ANN401
    """Return the first truthy result of ``check``, asked again and again until the deadline (seconds)."""
    end = asyncio.get_running_loop().time() + deadline
    while True:
        found = check()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"not within {deadline} s: {what or check}")
        await asyncio.sleep(0.05)


class Component:
    """One of our programs, running.

    Attributes:
        log: its log lines, as they come.
        address: host:port where it answers HTTP.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self.address = ""
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.log.append({"event": "not json", "line": line.decode(errors="replace")})

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        return [line for line in self.log if line.get("event") == name]

    async def ready(self, deadline: float = 20.0) -> None:
        """Wait until ``/readyz`` says yes."""
        listening = await eventually(lambda: self.events("http.listening"), deadline, f"{self.log[-5:]}")
        self.address = listening[0]["address"]

        async def is_ready() -> bool:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"http://{self.address}/readyz")).status_code == 200

        await eventually(is_ready, deadline, "ready")

    async def get(self, path: str, **params: str | int) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON that ``path`` answers."""
        async with httpx.AsyncClient(base_url=f"http://{self.address}", timeout=10) as client:
            return (await client.get(path, params=params)).raise_for_status().json()

    async def stop(self) -> int:
        """Ask it to end; return its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        return await self._end()

    async def kill(self) -> None:
        """End it at once."""
        if self.process.returncode is None:
            self.process.kill()
        await self._end()

    async def _end(self) -> int:
        async with asyncio.timeout(30):
            code = await self.process.wait()
            await self._reader
        return code


@asynccontextmanager
async def component(
    *arguments: str, port: str = "0", python: str = sys.executable, **environment: str
) -> AsyncIterator[Component]:
    """Run ``rabbit-chatter ARGUMENTS``, and kill it if it is still there at the end; 0 takes a free port."""
    process = await asyncio.create_subprocess_exec(
        python,
        "-m",
        "rabbit_chatter",
        *arguments,
        "--port",
        port,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "CHATTER_LOG_FORMAT": "json", **environment},
        limit=2**20,
    )
    running = Component(process)
    try:
        yield running
    finally:
        await running.kill()


@asynccontextmanager
async def queue_manager(broker: PrivateBroker) -> AsyncIterator[Component]:
    """Run a queue-manager of ``broker``."""
    async with component(
        "queue-manager",
        CHATTER_MANAGEMENT_URL=broker.management_url,
        CHATTER_MANAGEMENT_PASSWORD=broker.password("chatter-manager"),
        CHATTER_MANAGEMENT_REFRESH="0.5",
    ) as running:
        await running.ready()
        yield running


async def names_of(manager: Component, instance: str) -> set[str]:
    """Return the bots of one process, as the directory has them."""
    listed = (await manager.get("/bots", limit=1000))["bots"]
    return {bot["name"] for bot in listed if bot["instance"] == instance}


class Receiver:
    """An OTLP/HTTP receiver that checks every request against the official schema.

    Attributes:
        url: for ``OTEL_EXPORTER_OTLP_ENDPOINT``.
        spans: all spans, as OTLP's JSON has them, with ``service`` and ``instance`` of their resource.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[dict[str, Any]] = []

    def take(self, body: bytes) -> None:
        """Keep the spans of a request."""
        json_format.Parse(body, ExportTraceServiceRequest())
        for group in json.loads(body)["resourceSpans"]:
            resource = attributes(group["resource"])
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    names = {"service": resource["service.name"], "instance": resource["service.instance.id"]}
                    self.spans.append(span | names | {"values": attributes(span)})

    def named(self, name: str, **values: object) -> list[dict[str, Any]]:
        """Return the spans called ``name`` that have these attributes (``__`` stands for a dot)."""
        wanted = {key.replace("__", "."): value for key, value in values.items()}
        return [s for s in list(self.spans) if s["name"] == name and wanted.items() <= s["values"].items()]

    def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """Return the spans of one trace."""
        return [span for span in list(self.spans) if span["traceId"] == trace_id]

    async def wait_for(self, count: int, name: str, **values: object) -> list[dict[str, Any]]:
        """Return the ``count`` spans called ``name``, once they are here."""
        await eventually(lambda: len(self.named(name, **values)) >= count, what=f"{count} x {name}")
        return self.named(name, **values)


def attributes(holder: dict[str, Any]) -> dict[str, Any]:
    """Return OTLP's list of attributes as a dictionary."""
    return {
        pair["key"]: int(value) if kind == "intValue" else value
        for pair in holder.get("attributes", [])
        for kind, value in pair["value"].items()
    }


def seconds(span: dict[str, Any]) -> float:
    """Return how long a span took."""
    return (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9


@contextmanager
def otlp_receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, or Nagle's algorithm waits 40 ms between them

        def do_POST(self) -> None:
            try:
                receiver.take(self.rfile.read(int(self.headers["Content-Length"])))
                status = 200
            except (json_format.ParseError, KeyError, ValueError):
                status = 400
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
            self.wfile.flush()

    with served(Handler) as url:
        receiver = Receiver(url)
        yield receiver


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Let ``handler`` answer on a free port of loopback, without a word about it; yields the address."""
    quiet = type("Quiet", (handler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[str]:
    """Answer everything the same way while the block runs; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with served(Handler) as url:
        yield url
