"""The chat server as a program of its own, against the real RabbitMQ."""

import asyncio
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from pamqp.common import FieldTable
from prometheus_client import CollectorRegistry

from rabbit_chatter import names
from rabbit_chatter.broker import Node
from rabbit_chatter.clock import NANOSECONDS, wrong_by
from rabbit_chatter.errors import UnroutableError
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.settings import BrokerSettings, Topology
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.up.private import PrivateBroker
from support import otlp_receiver

DEADLINE = 30  # seconds
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class ChatServer:
    """A running ``rabbit-chatter server``, which may be stopped and started again."""

    def __init__(self, folder: Path, amqp_url: str, **environment: str) -> None:
        self.log = folder / "server.log"
        self._environment = {**os.environ, "CHATTER_AMQP_URL": amqp_url, "CHATTER_LOG_FORMAT": "json"}
        self._environment |= {"CHATTER_RECONNECT_MAX_DELAY": "0.5", **environment}
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    async def start(self) -> None:
        """Start, and return when history is read."""
        command = [sys.executable, "-m", "rabbit_chatter", "server", "--port", str(self._port)]
        with self.log.open("wb") as log:
            self._process = await asyncio.to_thread(
                subprocess.Popen, command, env=self._environment, stdout=log, stderr=log
            )
        listening = await eventually(lambda: self.logged("http.listening"))
        self.url = f"http://{listening[0]['address']}"
        self._port = int(self.url.rpartition(":")[2])
        await self.ready()

    async def ready(self) -> None:
        """Return when ``/readyz`` says yes."""
        async with httpx.AsyncClient() as client, asyncio.timeout(DEADLINE):
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self.url}/readyz")).is_success:
                        return
                await asyncio.sleep(0.05)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of an event."""
        lines = (json.loads(line) for line in self.log.read_bytes().splitlines() if line.startswith(b"{"))
        return [line for line in lines if line["event"] == event]

    async def get(self, path: str, **parameters: str | int) -> Any:  # noqa: ANN401 - it is JSON
        """Return an answer's JSON."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(self.url + path, params=parameters)
            return answer.raise_for_status().json()

    async def metric(self, name: str) -> float:
        """Return the value of a sample."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"{self.url}/metrics")).text
        return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(f"{name} ")))

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return await asyncio.to_thread(self._process.wait, DEADLINE)

    def close(self) -> None:
        """Leave nothing running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


Found = TypeVar("Found")


async def eventually(ask: Callable[[], Found]) -> Found:
    """Return the first answer that is not empty."""
    async with asyncio.timeout(DEADLINE):
        while not (found := ask()):  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.02)
    return found


class Listener:
    """Somebody who eavesdrops, and notes what comes."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.ended = False

    @property
    def ids(self) -> list[str]:
        """The ids of the messages heard."""
        return [message["id"] for message in self.messages]

    async def hear(self, answer: httpx.Response) -> None:
        """Note events until the server hangs up."""
        event = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                (self.gaps if event == "gap" else self.messages).append(json.loads(line[6:]))
            elif not line:
                event = ""
        self.ended = True


@asynccontextmanager
async def eavesdropping(
    server: ChatServer, last_event_id: str | None = None, **parameters: str
) -> AsyncIterator[Listener]:
    """Listen while the block runs."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    listener = Listener()
    async with (
        httpx.AsyncClient(timeout=DEADLINE) as client,
        client.stream("GET", f"{server.url}/eavesdrop", params=parameters, headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        task = asyncio.create_task(listener.hear(answer))
        try:
            yield listener
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, httpx.TransportError):
                await task


@asynccontextmanager
async def speaking(broker: PrivateBroker) -> AsyncIterator[Node]:
    """Connect somebody who can publish."""
    settings = BrokerSettings(amqp_url=broker.amqp_url("chatter-bot"))
    async with Node(settings, Metrics(CollectorRegistry(), "bots"), Topology.TRACE, "bots", "test") as node:
        yield node


@pytest.fixture
async def node(broker: PrivateBroker) -> AsyncIterator[Node]:
    """Return somebody who can publish."""
    async with speaking(broker) as node:
        yield node


@pytest.fixture
async def server(broker: PrivateBroker, tmp_path: Path) -> AsyncIterator[ChatServer]:
    """Return a chat server that has read what other tests said."""
    running = ChatServer(tmp_path, broker.amqp_url("chatter-server"))
    try:
        await running.start()
        yield running
    finally:
        running.close()


@pytest.fixture
def bot() -> str:
    """Return a name that no other test bears: the stream is everybody's."""
    return f"bot{random.randrange(10**12)}"  # noqa: S311 - a name, not a secret


def tweet(bot: str, text: str = "hello") -> Message:
    """Return something said to everybody; a tweet needs nobody who listens."""
    return Message(new_id(), Kind.TWEET, bot, text)


async def said_by(server: ChatServer, bot: str) -> list[str]:
    """Return the ids of what a bot said, oldest first."""
    answer = await server.get("/timeline", bot=bot, limit=1000)
    return [message["id"] for message in reversed(answer["messages"])]


async def until_said(server: ChatServer, bot: str, count: int) -> list[str]:
    """Return the ids of what a bot said once there are ``count``."""
    async with asyncio.timeout(DEADLINE):
        while len(ids := await said_by(server, bot)) < count:  # noqa: ASYNC110 - each round asks
            await asyncio.sleep(0.05)
    return ids


async def test_what_is_said_is_in_the_timeline_and_is_heard(server: ChatServer, node: Node, bot: str) -> None:
    """A message is told whole, with its place and its trace, to whoever asks and whoever listens."""
    said = {"from": bot, "to": "zestyyak", "text": "a <b>&amp;</b> \n\u2028 z", "turn": 3, "last": True}
    key, talk_id = f"dm.{bot}.zestyyak", f"talk-{bot}"
    headers: FieldTable = {"traceparent": TRACEPARENT}
    async with eavesdropping(server, bot=bot) as listener:
        body = json.dumps(said).encode()
        await node.publisher.send(names.EXCHANGE, key, body, new_id(), "dm", talk_id, headers)
        (heard,) = await eventually(lambda: listener.messages)
    assert (await server.get("/timeline", bot=bot))["messages"] == [heard]
    assert said.items() <= heard.items()
    assert (heard["trace_id"], heard["sampled"]) == (TRACE, True)
    talk = await server.get(f"/conversations/talk-{bot}")
    assert talk["messages"] == [heard]
    assert (talk["state"], talk["turns"], talk["trace_id"]) == ("ended", 1, TRACE)
    assert (await server.get("/conversations", bot=bot, state="ended"))["total"] == 1
    assert (await server.get(f"/bots/{bot}"))["partners"] == {"zestyyak": 1}


async def test_who_is_unknown_is_not_found(server: ChatServer) -> None:
    """The answer says so in a sentence, and is no error of ours."""
    async with httpx.AsyncClient() as client:
        for path in ("/bots/nobodyever", "/conversations/none", "/static/none.js"):
            answer = await client.get(server.url + path)
            assert answer.status_code == 404
            assert answer.json()["detail"]


async def test_a_killed_server_loses_nothing(server: ChatServer, node: Node, bot: str) -> None:
    """Killed while bots talk, it comes back with the same timeline and what was said meanwhile."""
    said = [tweet(bot, f"number {number}") for number in range(300)]
    for message in said[:150]:
        await node.publisher.publish(message)
    await until_said(server, bot, 100)
    flow = asyncio.create_task(_say(node, said[150:]))
    before = await server.get("/timeline", bot=bot, limit=100)
    await server.stop(signal.SIGKILL)
    await flow
    await server.start()
    assert await said_by(server, bot) == [message.id for message in said]
    first = before["messages"][0]["offset"]
    assert await server.get("/timeline", bot=bot, limit=100, before=first + 1) == before
    assert (await server.get(f"/bots/{bot}"))["sent"] == 300


async def _say(node: Node, messages: list[Message]) -> None:
    for message in messages:
        await node.publisher.publish(message)


async def test_a_listener_that_comes_back_loses_and_repeats_nothing(
    server: ChatServer, node: Node, bot: str
) -> None:
    """With the id of its last event it goes on there, even at a server that was started again."""
    said, heard = [tweet(bot, str(number)) for number in range(60)], list[str]()
    last: str | None = None
    for number in (0, 20, 40):
        if number == 20:
            await server.stop(signal.SIGKILL)
        await _say(node, said[number : number + 10])  # nobody listens
        if number == 20:
            await server.start()
        await until_said(server, bot, number + 10)
        async with eavesdropping(server, last, bot=bot) as listener:
            await _say(node, said[number + 10 : number + 20])
            await until_heard(listener, said[number + 19])
        heard += listener.ids
        last = str(listener.messages[-1]["offset"])
        assert not listener.gaps
    assert heard == [message.id for message in said[10:]]


async def until_heard(listener: Listener, message: Message) -> None:
    """Return when ``message`` has come."""
    await eventually(lambda: message.id in listener.ids)


async def test_a_bad_last_event_id_begins_live(server: ChatServer, node: Node, bot: str) -> None:
    """Whatever a client sends there, it hears what is said from now on."""
    await node.publisher.publish(tweet(bot, "before"))
    await until_said(server, bot, 1)
    for bad in ("abc", "-1", "9" * 30, "999999999999"):
        async with eavesdropping(server, bad, bot=bot) as listener:
            message = tweet(bot, bad)
            await node.publisher.publish(message)
            await until_heard(listener, message)
            assert listener.ids == [message.id]


async def test_a_listener_chooses_what_it_hears(server: ChatServer, node: Node, bot: str) -> None:
    """Filters by conversation and kind leave the rest out."""
    talk = f"talk-{bot}"
    async with (
        eavesdropping(server, conversation=talk) as one,
        eavesdropping(server, kind="tweet", bot=bot) as two,
    ):
        in_talk = Message(new_id(), Kind.DM, bot, "hi", "zestyyak", talk)
        await node.publisher.publish(in_talk)
        message = tweet(bot)
        await node.publisher.publish(message)
        await eventually(lambda: one.ids and two.ids)
        assert (one.ids, two.ids) == ([in_talk.id], [message.id])


async def test_what_cannot_be_read_is_skipped(server: ChatServer, node: Node, bot: str) -> None:
    """Poison in the stream is counted and logged once, buries nothing, and does not stop the flow."""
    good = json.dumps({"from": bot, "text": "hi"}).encode()
    bad: list[tuple[str, bytes, str, str, FieldTable]] = [
        ("not-json", b"{not json", new_id(), "tweet", {}),
        ("not-json", b'{"from": "\xff"}', new_id(), "tweet", {}),
        ("bad-field", b'{"from": "no"}', new_id(), "tweet", {}),
        ("unknown-type", good, new_id(), "song", {}),
        ("unknown-type", good, new_id(), "control", {}),
        ("bad-header", good, "x" * 100, "tweet", {}),
        ("too-large", b" " * 200_000, new_id(), "tweet", {}),
    ]
    for _, body, message_id, kind, headers in bad:
        await node.publisher.send(names.EXCHANGE, f"tweet.{bot}", body, message_id, kind, None, headers)
    odd = new_id()
    await node.publisher.send(names.EXCHANGE, f"tweet.{bot}", good, odd, "tweet", None, {"traceparent": 7})
    message = tweet(bot)
    await node.publisher.publish(message)
    assert await until_said(server, bot, 2) == [odd, message.id]
    for reason in {reason for reason, *_ in bad}:
        count = sum(reason == other for other, *_ in bad)
        assert await server.metric(f'chatter_archive_skipped_total{{reason="{reason}"}}') >= count
    assert len(server.logged("archive.skipped")) == len(bad)


async def test_a_message_published_twice_is_told_once(server: ChatServer, node: Node, bot: str) -> None:
    """A publisher whose confirm was lost sends again under the same id."""
    message, after = tweet(bot), tweet(bot)
    async with eavesdropping(server, bot=bot) as listener:
        await _say(node, [message, message, after])
        await until_heard(listener, after)
    assert listener.ids == await said_by(server, bot) == [message.id, after.id]


async def test_the_page_runs_no_script_but_its_own(server: ChatServer) -> None:
    """The page and its files come with a policy that makes text harmless, and have nothing inline."""
    async with httpx.AsyncClient() as client:
        page = await client.get(server.url)
        script = await client.get(f"{server.url}/static/app.js")
    for answer in (page, script):
        policy = answer.headers["content-security-policy"]
        assert {"default-src 'none'", "script-src 'self'"} <= set(policy.split("; "))
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert "access-control-allow-origin" not in answer.headers
    [own] = re.findall(r"<script[^>]*>", page.text)
    assert own == '<script type="module" src="/static/app.js">'
    assert "style=" not in page.text
    assert "<style" not in page.text


async def test_files_are_packed_and_not_sent_twice(server: ChatServer) -> None:
    """A browser that has a file is told that it is still the same; only what belongs to the page is given."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        packed = await client.get("/static/vendor/uplot.js")
        plain = await client.get("/static/vendor/uplot.js", headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.text == plain.text
        again = await client.get("/static/vendor/uplot.js", headers={"if-none-match": packed.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for path in (
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/static/vendor/SHA256SUMS",
            "/static/vendor/",
        ):
            assert (await client.get(path)).status_code == 404


async def test_sigterm_sends_listeners_home(server: ChatServer) -> None:
    """The server ends at once and well, and the stream ends as a stream should."""
    async with eavesdropping(server) as listener:
        started = asyncio.get_running_loop().time()
        assert await server.stop() == 0
        assert asyncio.get_running_loop().time() - started < 5
        await eventually(lambda: listener.ended)


async def _say_once_the_stream_is_back(node: Node, message: Message) -> None:
    """RabbitMQ listens a moment before; until then a tweet comes back, as nobody would have heard it."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                return await node.publisher.publish(message)
            except UnroutableError:
                await asyncio.sleep(0.1)


async def test_a_restarted_broker_is_read_on(
    private_broker: Callable[[], PrivateBroker], tmp_path: Path, bot: str
) -> None:
    """After RabbitMQ was killed and came back nothing is missing and nothing comes twice."""
    broker = private_broker()
    server = ChatServer(tmp_path, broker.amqp_url("chatter-server"))
    said = [tweet(bot, str(number)) for number in range(40)]
    try:
        async with speaking(broker) as node:
            await _say(node, said[:20])
            await server.start()
            async with eavesdropping(server, bot=bot) as listener:
                await asyncio.to_thread(broker.wait_until_saved)
                await asyncio.to_thread(broker.kill)
                await asyncio.to_thread(broker.start)
                for message in said[20:]:
                    await _say_once_the_stream_is_back(node, message)
                assert await until_said(server, bot, 40) == [message.id for message in said]
                await eventually(lambda: len(listener.ids) >= 20)
                assert listener.ids == [message.id for message in said[20:]]
    finally:
        server.close()


async def test_a_broker_set_up_anew_is_not_waited_for(
    private_broker: Callable[[], PrivateBroker], tmp_path: Path, bot: str
) -> None:
    """Where the stream was lost and offsets begin at 0 again, what is said is heard all the same."""
    broker = private_broker()
    server = ChatServer(tmp_path, broker.amqp_url("chatter-server"))
    try:
        async with speaking(broker) as node:
            await _say(node, [tweet(bot, str(number)) for number in range(20)])
        await server.start()
        await asyncio.to_thread(broker.kill)
        shutil.rmtree(broker.node.folder / "data")
        await asyncio.to_thread(broker.start)
        message = tweet(bot, "anew")
        async with speaking(broker) as node:
            await node.publisher.publish(message)
        async with asyncio.timeout(DEADLINE):
            while await said_by(server, bot) != [message.id]:  # noqa: ASYNC110 - each round asks
                await asyncio.sleep(0.1)
    finally:
        server.close()


async def test_history_is_not_traced_again(
    broker: PrivateBroker, node: Node, tmp_path: Path, bot: str
) -> None:
    """A live message is a span of the chat server in the message's trace; after a restart there is none."""

    async def publish(trace_id: str) -> None:
        body = json.dumps({"from": bot, "text": "hi"}).encode()
        headers: FieldTable = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
        await node.publisher.send(names.EXCHANGE, f"tweet.{bot}", body, new_id(), "tweet", None, headers)

    old, new = f"{random.getrandbits(127) + 1:032x}", f"{random.getrandbits(127) + 1:032x}"
    with otlp_receiver() as receiver:
        address, spans = receiver.url, receiver.spans

        def processed(trace_id: str) -> bool:
            expected = (trace_id, "process tweet", "chatter-server")
            return any((s["traceId"], s["name"], s["service"]) == expected for s in spans)

        server = ChatServer(
            tmp_path,
            broker.amqp_url("chatter-server"),
            OTEL_EXPORTER_OTLP_ENDPOINT=address,
            OTEL_BSP_SCHEDULE_DELAY="50",
        )
        try:
            await server.start()
            with wrong_by(600 * NANOSECONDS):  # the restart will be before its time
                await publish(old)
            found = await eventually(
                lambda: [s for s in spans if s["traceId"] == old and s["name"] == "process tweet"]
            )
            assert found[0]["service"] == "chatter-server"
            await server.stop()
            spans.clear()
            await server.start()
            assert len(await said_by(server, bot)) == 1
            assert await server.metric("chatter_eavesdroppers") == 0
            await publish(new)
            await eventually(
                lambda: [s for s in spans if s["traceId"] == new and s["name"] == "process tweet"]
            )
            await server.stop()
            assert {s["traceId"] for s in spans if "tweet" in s["name"]} == {new}
        finally:
            server.close()
