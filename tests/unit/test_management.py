import asyncio
import json
from contextlib import AbstractContextManager

import pytest
from pydantic import SecretStr

from rabbit_chatter.errors import ManagementError
from rabbit_chatter.management import Management
from rabbit_chatter.settings import ManagementSettings
from support import answering

SECRET = "correct-horse-battery"  # noqa: S105 - looked for where it must not be


def says(status: int, body: object) -> AbstractContextManager[str]:
    """Run an HTTP server that answers everything the same way."""
    return answering(body if isinstance(body, bytes) else json.dumps(body).encode(), status)


def settings(url: str, timeout: float = 5) -> ManagementSettings:
    """Return settings for the server at ``url``."""
    return ManagementSettings(url=url, password=SecretStr(SECRET), timeout=timeout)


@pytest.mark.parametrize(
    ("status", "body", "kind", "advice"),
    [
        (401, {"error": "not_authorized"}, "unauthorized", "CHATTER_MANAGEMENT_PASSWORD"),
        (404, {"error": "Object Not Found"}, "not-found", "CHATTER_MANAGEMENT_VHOST"),
        (500, {"error": "internal"}, "status", "log"),
        (200, b"<html>another program</html>", "malformed", "CHATTER_MANAGEMENT_URL"),
        (200, {"not": "a list"}, "malformed", "CHATTER_MANAGEMENT_URL"),
        (200, b"\xff\xfe", "malformed", "CHATTER_MANAGEMENT_URL"),
    ],
)
async def test_refusals_say_what_to_do(status: int, body: object, kind: str, advice: str) -> None:
    """Whatever comes back instead of a list becomes an error of a known kind, with advice, without secret."""
    with says(status, body) as url:
        async with Management(settings(url)) as management:
            with pytest.raises(ManagementError) as caught:
                await management.queues()
    assert caught.value.kind == kind
    assert advice in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_nobody_there(unused_tcp_port: int) -> None:
    """A closed port is told apart from a refusal."""
    async with Management(settings(f"http://127.0.0.1:{unused_tcp_port}")) as management:
        with pytest.raises(ManagementError, match="rabbitmq_management") as caught:
            await management.connections()
    assert caught.value.kind == "unreachable"


async def test_silence_ends() -> None:
    """A server that trickles nothing but silence is given up after the time limit."""

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stop.wait()
        writer.close()

    stop = asyncio.Event()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Management(settings(f"http://127.0.0.1:{port}", timeout=0.2)) as management:
            with pytest.raises(ManagementError) as caught:
                await management.queues()
        stop.set()
    assert caught.value.kind == "timeout"


async def test_erlangs_empty_lists_are_no_objects() -> None:
    """RabbitMQ writes empty objects as lists, and leaves fields of new queues out; both can be read."""
    listed = [
        {"name": "new"},
        {"name": "unused", "arguments": [], "message_stats": [], "messages": 0},
        {
            "name": "busy",
            "arguments": {"x-chatter-dialect": 7},
            "message_stats": {"publish_details": {"rate": 2}, "deliver_get_details": []},
            "messages": 3,
        },
    ]
    with says(200, listed) as url:
        async with Management(settings(url)) as management:
            new, unused, busy = await management.queues()
    assert (new.messages, new.publish_rate, new.argument("x-chatter-dialect")) == (None, 0.0, None)
    assert (unused.messages, unused.deliver_rate, unused.argument("x-chatter-dialect")) == (0, 0.0, None)
    assert (busy.publish_rate, busy.deliver_rate, busy.argument("x-chatter-dialect")) == (2.0, 0.0, 7)


@pytest.mark.parametrize(
    "url",
    [f"http://chatter-manager:{SECRET}@127.0.0.1:15672", "127.0.0.1:15672", "ftp://x", "http://a:b:c", ""],
)
def test_bad_addresses_are_refused_at_once(url: str) -> None:
    """An address without http, or with a password that traces would show, is refused before any call."""
    with pytest.raises(ManagementError, match="CHATTER_MANAGEMENT_URL") as caught:
        Management(settings(url))
    assert SECRET not in str(caught.value)
