"""The overlay with three RabbitMQ nodes: what is kept thrice outlives one of them."""

# ruff: noqa: T201 - figures are printed
import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest
from stack.engine import Stack, run, stack
from stack.running import Running, eventually

from accounting import account

pytestmark = pytest.mark.timeout(600)

CLUSTER = "deployment/docker/cluster.yml"
NODES = {"rabbitmq", "rabbitmq-2", "rabbitmq-3"}


@pytest.fixture(scope="module")
def cluster(engine: None) -> Iterator[Running]:
    """Bring up three nodes and forty bots that tell of each message, without what draws and keeps traces."""
    with stack(CLUSTER, LOG_LEVEL="DEBUG") as project:
        project.compose("up", "-d", "--no-build", "rabbitmq-2", "rabbitmq-3", "server", "bots", "prometheus")
        running = Running(project)
        eventually(lambda: running.bots() == 40, 90, "40 bots")
        yield running


@dataclass(frozen=True)
class Broker:
    """The cluster, as whoever accounts for its messages gets in; passwords are those of `.env`."""

    stack: Stack

    @property
    def management_url(self) -> str:
        """Address of the management API."""
        return self.stack.url("MANAGEMENT")

    def amqp_url(self, user: str) -> str:
        """Return where and how ``user`` connects."""
        return f"amqp://{user}:{self.password(user)}@127.0.0.1:{self.stack.ports['AMQP']}/chatter"

    def password(self, user: str) -> str:
        """Return the password of ``user``."""
        return user


def management(cluster: Running, path: str) -> Any:  # noqa: ANN401 - JSON
    """Return what RabbitMQ's management API answers."""
    broker = Broker(cluster.stack)
    login = ("chatter-manager", broker.password("chatter-manager"))
    url = f"{broker.management_url}/api/{path}"
    return httpx.get(url, auth=login, timeout=10, trust_env=False).raise_for_status().json()


def newest(cluster: Running) -> int:
    """Return the offset in the archive of what was said last."""
    offset: int = cluster.get("PAGE", "/timeline", {"limit": 1})["messages"][0]["offset"]
    return offset


def test_what_must_last_is_kept_thrice(cluster: Running) -> None:
    """Conversations and dead letters are quorum queues, the archive has three replicas, inboxes have none."""

    def found() -> dict[str, tuple[str, int]]:
        return {
            names.sub("one", queue["name"]): (queue["type"], len(queue.get("members", [])))
            for queue in management(cluster, "queues/chatter")
        }

    names = re.compile(r"^[a-z0-9]+-[a-z0-9]+$|(?<=^bot\.).+|(?<=^control\.).+")
    eventually(lambda: "one" in found(), 30, "a conversation")
    assert found() == {
        "bot.one": ("classic", 0),
        "control.one": ("classic", 0),
        "chatter.dead-letters": ("quorum", 3),
        "chatter.firehose": ("stream", 3),
        "one": ("quorum", 3),
    }


def test_every_node_is_watched(cluster: Running) -> None:
    """Prometheus asks all three nodes, each of which tells only of itself."""
    eventually(lambda: len(cluster.query('up{job="rabbitmq"} == 1')) == 3, 30, "three nodes that are up")


def shown(cluster: Running) -> list[str]:
    """Return the ids of all messages that the chat server shows."""
    ids, before = list[str](), newest(cluster) + 1
    while before:
        page = cluster.get("PAGE", "/timeline", {"limit": 1000, "before": before})
        ids += [one["id"] for one in page["messages"]]
        before = page["before"] or 0
    return ids


def lines(cluster: Running) -> list[dict[str, Any]]:
    """Return what the bots have logged so far."""
    printed = cluster.stack.compose("logs", "--no-log-prefix", "bots").splitlines()
    return [json.loads(line) for line in printed if line.startswith("{")]


def silence(log: list[dict[str, Any]]) -> float:
    """Return the longest time, in seconds, in which nobody got a word out."""
    said = sorted(
        datetime.fromisoformat(line["timestamp"]) for line in log if line["event"] == "message.said"
    )
    return max((after - before).total_seconds() for before, after in pairwise(said))


def kill_and_bring_back(cluster: Running, node: str) -> None:
    """Kill a node, wait until the talk goes on without it, and then until the cluster is whole again."""
    container = cluster.stack.containers()[node]["Id"]
    run("docker", "kill", container)
    said = newest(cluster)
    eventually(lambda: newest(cluster) > said + 50, 60, f"talk without {node}")
    run("docker", "start", container)
    eventually(lambda: sum(one["running"] for one in management(cluster, "nodes")) == 3, 90, "three nodes")
    eventually(lambda: not cluster.stack.unhealthy().keys() & NODES, 60, "three healthy nodes")
    eventually(lambda: cluster.bots() == 40, 90, "forty bots")


async def test_each_node_may_go(cluster: Running) -> None:
    """Each node in turn is killed while forty bots talk, and comes back: nothing is lost or seen twice."""
    for node in sorted(NODES, reverse=True):
        await asyncio.to_thread(kill_and_bring_back, cluster, node)
    seen = shown(cluster)
    assert len(set(seen)) == len(seen), "shown twice"
    # Whoever starts again does so under its old names, and has forgotten what it heard.
    assert cluster.stack.containers()["bots"]["RestartCount"] == 0
    await asyncio.to_thread(cluster.stack.compose, "stop", "bots")
    log = lines(cluster)
    made = await account(Broker(cluster.stack), log)
    print(f"\n{len(made.said)} messages, {len(made.left)} left over; longest silence {silence(log):.1f} s")
    assert len(made.said) > 150
    made.settle()
