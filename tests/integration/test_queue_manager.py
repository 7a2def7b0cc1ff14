"""The real program against the real RabbitMQ, through a wire that a test may cut."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest
from pamqp.common import FieldTable

from rabbit_chatter.broker import topology
from rabbit_chatter.broker.node import client_properties
from rabbit_chatter.queue_manager import models
from rabbit_chatter.up.private import PrivateBroker

DEADLINE = 30  # seconds; the broker tells of a new connection or queue within a few
ALL = ["/bots", "/conversations", "/queues", "/stats", "/sd/prometheus"]


@dataclass
class Wire:
    """A way to the management API that can be cut and mended."""

    host: str
    port: int
    listening: asyncio.Server | None = None
    open: set[asyncio.StreamWriter] = field(default_factory=set)
    own_port: int = 0

    @property
    def url(self) -> str:
        """The address to use instead of the real one."""
        return f"http://127.0.0.1:{self.own_port}"

    async def mend(self) -> Self:
        """Let everything through, at the same address as before."""
        self.listening = await asyncio.start_server(self._carry, "127.0.0.1", self.own_port)
        self.own_port = self.listening.sockets[0].getsockname()[1]
        return self

    async def cut(self) -> None:
        """Close what is open and refuse what comes."""
        if self.listening is not None:
            self.listening.close()
        for writer in list(self.open):
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        self.open |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self.open -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


@dataclass
class Manager:
    """A running queue-manager: its client, and everything it has written."""

    process: asyncio.subprocess.Process
    client: httpx.AsyncClient
    output: list[str]

    async def calls(self, resource: str) -> float:
        """Return how many management calls it has made."""
        text = (await self.client.get("/metrics")).text
        name = f'chatter_management_call_duration_seconds_count{{resource="{resource}"}}'
        return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))

    async def until(self, path: str, wanted: Callable[[httpx.Response], bool]) -> httpx.Response:
        """Ask until the answer is as wanted."""
        answer = await self.client.get(path)
        try:
            async with asyncio.timeout(DEADLINE):
                while not wanted(answer):
                    await asyncio.sleep(0.1)
                    answer = await self.client.get(path)
        except TimeoutError:
            pytest.fail(f"{path} still answers {answer.status_code} {answer.text[:2000]}")
        return answer


@asynccontextmanager
async def queue_manager(url: str, password: str, **settings: str) -> AsyncIterator[Manager]:
    """Start the program on a free port; end it with SIGTERM, which must end well."""
    environment = {
        "CHATTER_MANAGEMENT_URL": url,
        "CHATTER_MANAGEMENT_PASSWORD": password,
        "CHATTER_MANAGEMENT_REFRESH": "0.2",
        "CHATTER_INSTANCE": "qm-1",
        "CHATTER_LOG_FORMAT": "json",
        **settings,
    }
    program = [sys.executable, "-m", "rabbit_chatter", "queue-manager", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *program, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output: list[str] = []
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_read(process, output, listening), name="output")
    try:
        async with asyncio.timeout(DEADLINE):
            address = await listening
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            yield Manager(process, client, output)
        process.terminate()
        async with asyncio.timeout(DEADLINE):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading
    assert password not in "".join(output)
    assert "Traceback" not in "".join(output)


async def _read(
    process: asyncio.subprocess.Process, output: list[str], listening: asyncio.Future[str]
) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        output.append(line.decode())
        with suppress(ValueError):
            event = json.loads(line)
            if event.get("event") == "http.listening":
                listening.set_result(event["address"])
    if not listening.done():
        listening.set_exception(AssertionError("".join(output)))


@pytest.fixture
async def wire(broker: PrivateBroker) -> AsyncIterator[Wire]:
    """Lay a wire to the broker's management API."""
    address = urlsplit(broker.management_url)
    laid = await Wire(address.hostname or "", address.port or 0).mend()
    yield laid
    await laid.cut()


@pytest.fixture
async def manager(broker: PrivateBroker, wire: Wire) -> AsyncIterator[Manager]:
    """Run a queue-manager that has seen the broker."""
    async with queue_manager(wire.url, broker.password("chatter-manager")) as running:
        await running.until("/readyz", lambda answer: answer.status_code == 200)
        yield running


@pytest.fixture
async def connect(broker: PrivateBroker) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Return a function that opens an AMQP connection with the client properties of a component."""
    opened: list[aio_pika.abc.AbstractConnection] = []

    async def open_one(component: str, instance: str, metrics: str) -> aio_pika.abc.AbstractConnection:
        said = client_properties(component, instance, metrics)
        properties: FieldTable = {"product": "rabbit-chatter", **said}
        opened.append(await aio_pika.connect(broker.amqp_url("chatter-bot"), client_properties=properties))
        return opened[-1]

    yield open_one
    for connection in opened:
        await connection.close()


def named(answer: httpx.Response, *names: str) -> bool:
    """Tell whether these bots are listed."""
    return set(names) <= {bot["name"] for bot in answer.json().get("bots", [])}


async def test_inboxes_are_the_bots(manager: Manager, connect: Callable[..., Awaitable[Any]]) -> None:
    """A bot is listed with its dialect while its exclusive inbox lives, and is gone with its connection."""
    connection = await connect("bots", "laptop-1", "")
    arguments = {topology.DIALECT_ARGUMENT: "gibberish", topology.INSTANCE_ARGUMENT: "laptop-1"}
    for name in ("qmalice", "qmbob"):
        await topology.declare_inbox(await connection.channel(), name, [], arguments)
    answer = await manager.until("/bots?limit=1000", lambda found: named(found, "qmalice", "qmbob"))
    bots = {bot["name"]: bot for bot in answer.json()["bots"]}
    assert bots["qmalice"] == {
        "name": "qmalice",
        "dialect": "gibberish",
        "instance": "laptop-1",
        "messages": 0,
    }
    assert answer.json()["stale"] is False
    assert answer.json()["age_seconds"] < DEADLINE
    assert (await manager.client.get("/stats")).json()["by_dialect"]["gibberish"] >= 2
    await connection.close()
    await manager.until("/bots?limit=1000", lambda found: not named(found, "qmalice"))


async def test_conversations_and_queues_show_depth(
    manager: Manager, connect: Callable[..., Awaitable[Any]]
) -> None:
    """What waits between two bots is shown per direction, and queues can be sorted, filtered and paged."""
    channel = await (await connect("bots", "laptop-1", "")).channel()
    try:
        await topology.declare_dm(channel, "qmcarol", "qmdave")
        await topology.declare_dm(channel, "qmdave", "qmcarol")
        exchange = await channel.get_exchange("chatter", ensure=False)
        for _ in range(3):
            await exchange.publish(aio_pika.Message(b"{}"), "dm.qmcarol.qmdave")
        path = "/queues?name=qmcarol&sort=messages&order=desc&limit=1"
        answer = await manager.until(
            path, lambda found: found.json()["queues"][:1] != [] and _depth(found) == 3
        )
        assert answer.json()["total"] == 2
        assert [queue["name"] for queue in answer.json()["queues"]] == ["qmcarol-qmdave"]
        every = (await manager.client.get("/conversations?limit=1000")).json()["conversations"]
        (found,) = [one for one in every if one["between"] == ["qmcarol", "qmdave"]]
        assert found["messages"] == 3
        assert {way["from"]: way["messages"] for way in found["directions"]} == {"qmcarol": 3, "qmdave": 0}
    finally:
        for queue in ("qmcarol-qmdave", "qmdave-qmcarol"):
            await channel.queue_delete(queue)


def _depth(answer: httpx.Response) -> int:
    depth: int = answer.json()["queues"][0]["messages"]
    return depth


async def test_two_hundred_clients_cost_one_call(broker: PrivateBroker) -> None:
    """However many ask at once, the management API is asked once per resource."""
    password = broker.password("chatter-manager")
    async with queue_manager(broker.management_url, password, CHATTER_MANAGEMENT_REFRESH="60") as manager:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(
            base_url=manager.client.base_url, limits=limits, trust_env=False
        ) as many:
            answers = await asyncio.gather(*(many.get(ALL[n % len(ALL)]) for n in range(200)))
        assert {answer.status_code for answer in answers} == {200}
        assert (await manager.calls("queues"), await manager.calls("connections")) == (1, 1)


async def test_prometheus_finds_connected_processes(
    manager: Manager, connect: Callable[..., Awaitable[Any]]
) -> None:
    """A process with two connections is one target; the queue-manager names itself; who leaves is gone."""
    first, second = [await connect("bots", "laptop-7", "127.0.0.1:8097") for _ in range(2)]
    answer = await manager.until("/sd/prometheus", lambda found: "127.0.0.1:8097" in found.text)
    assert answer.headers["content-type"] == "application/json"
    groups = {group["targets"][0]: group["labels"] for group in answer.json()}
    assert groups["127.0.0.1:8097"]["component"] == "bots"
    assert groups[manager.client.base_url.netloc.decode()]["component"] == "queue-manager"
    assert len([group for group in answer.json() if group["targets"] == ["127.0.0.1:8097"]]) == 1
    components = (await manager.client.get("/stats")).json()["components"]
    assert [one["instance"] for one in components if one["metrics"] == "127.0.0.1:8097"] == ["laptop-7"]
    await first.close()
    await second.close()
    await manager.until("/sd/prometheus", lambda found: "127.0.0.1:8097" not in found.text)


async def test_a_name_that_nobody_knows_stays(broker: PrivateBroker) -> None:
    """Whose own address cannot be looked up is listed under it all the same, and is not waited for."""
    own = {"CHATTER_METRICS_ADDRESS": "queue-managers.invalid:8081"}
    async with queue_manager(broker.management_url, broker.password("chatter-manager"), **own) as manager:
        answer = await manager.until("/sd/prometheus", lambda answer: answer.status_code == 200)
    assert ["queue-managers.invalid:8081"] in [group["targets"] for group in answer.json()]


async def test_api_away_means_old_data(manager: Manager, wire: Wire) -> None:
    """Without the management API everything is still answered, marked stale, and readiness says no."""
    before = {path: await manager.client.get(path) for path in ALL}
    await wire.cut()
    await manager.until("/readyz", lambda answer: answer.status_code == 503)
    for path in ALL:
        if path == "/sd/prometheus":
            assert (await manager.client.get(path)).json() == before[path].json()
        else:  # queues and connections are asked for apart, so one of them may notice later
            answer = await manager.until(
                path, lambda answer: answer.status_code != 200 or answer.json()["stale"]
            )
            assert answer.status_code == 200, path
            assert answer.json()["age_seconds"] > 0
    assert (await manager.client.get("/healthz")).status_code == 200
    assert 'error_type="unreachable"' in (await manager.client.get("/metrics")).text
    await wire.mend()
    await manager.until("/readyz", lambda answer: answer.status_code == 200)
    await manager.until("/bots", lambda answer: not answer.json()["stale"])


async def test_never_any_data(wire: Wire) -> None:
    """Before the management API has answered once there is an error with advice, never an empty list."""
    await wire.cut()
    async with queue_manager(wire.url, "unimportant") as manager:
        for path in ALL:
            answer = await manager.client.get(path)
            assert answer.status_code == 503, path
            assert answer.json()["error"] == "unreachable"
            assert "rabbitmq_management" in answer.json()["detail"]
            assert "retry-after" in answer.headers
        assert (await manager.client.get("/readyz")).status_code == 503


async def test_wrong_password(broker: PrivateBroker) -> None:
    """A refused password is named as the cause, is not shown, and keeps readiness away."""
    async with queue_manager(broker.management_url, "wrong-horse-battery") as manager:
        answer = await manager.client.get("/stats")
        assert (answer.status_code, answer.json()["error"]) == (503, "unauthorized")
        assert "CHATTER_MANAGEMENT_PASSWORD" in answer.json()["detail"]
        ready = await manager.client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]) == (503, {"management": False})
        everything = answer.text + ready.text + (await manager.client.get("/metrics")).text
        assert "wrong-horse-battery" not in everything
    assert any("management.unavailable" in line for line in manager.output)


async def test_only_reading_and_only_sensible_pages(manager: Manager) -> None:
    """Nothing can be changed here, and a page has one to a thousand entries from one that can exist."""
    for path in ("/bots", "/conversations", "/queues"):
        for query in ("limit=1001", "limit=0", "offset=-1", "limit=x", "offset=1e9"):
            assert (await manager.client.get(f"{path}?{query}")).status_code == 422
        beyond = (await manager.client.get(f"{path}?offset={10**30}")).json()
        assert beyond[path.removeprefix("/")] == []
    for path in ALL:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert (await manager.client.request(method, path)).status_code == 405
    assert (await manager.client.get("/queues?sort=secrets")).status_code == 422
    assert (await manager.client.get("/nowhere")).status_code == 404


async def test_openapi_shows_examples(manager: Manager) -> None:
    """Every question is described, and every field of every answer has a description or an example."""
    document = (await manager.client.get("/openapi.json")).json()
    for path in ALL:
        question = document["paths"][path]["get"]
        assert question["description"]
        assert question["responses"]["200"]["content"]["application/json"]["schema"]
        assert "503" in question["responses"]
        assert all(
            "examples" in one["schema"] or "$ref" in str(one["schema"])
            for one in question.get("parameters", [])
        )
    answers = [
        name for name, value in vars(models).items() if isinstance(value, type) and name != "BaseModel"
    ]
    for name, schema in document["components"]["schemas"].items():
        if name in answers:
            for key, value in schema["properties"].items():
                assert "examples" in value or "$ref" in str(value), f"{name}.{key}"
