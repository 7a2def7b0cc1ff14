"""What the autoscaler is told, by HTTP servers that are not there or answer something else."""

import httpx
import pytest

from rabbit_chatter.autoscale.sight import Census, Sight
from rabbit_chatter.errors import DirectoryUnavailableError
from rabbit_chatter.up.ports import free_ports
from support import answering


async def test_nobody_answers() -> None:
    """Whoever is away is named, with what to do."""
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(DirectoryUnavailableError, match=r"is it installed, and running\?"):
            await Sight(client, url, url).read()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"data": {"result": []}}', b'{"bots": 3}', b"null"]
)
async def test_something_else_answers(body: bytes) -> None:
    """Another program on that port is no Prometheus and no queue-manager, and no traceback."""
    with answering(body) as url:
        async with httpx.AsyncClient(trust_env=False) as client:
            sight = Sight(client, url, url)
            with pytest.raises(DirectoryUnavailableError):
                await sight.read()
            with pytest.raises(DirectoryUnavailableError):
                await sight.census()


async def test_only_processes_of_bots_count() -> None:
    """The list of components has others, too."""
    body = b"""{"bots": 40, "components": [{"component": "bots", "instance": "one"},
        {"component": "server", "instance": "s"}, {"component": "bots", "instance": "two"}]}"""
    with answering(body) as url:
        async with httpx.AsyncClient(trust_env=False) as client:
            assert await Sight(client, url, url).census() == Census(frozenset({"one", "two"}), 40)
