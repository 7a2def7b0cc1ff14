"""The overlay with three RabbitMQ nodes: what is kept thrice outlives one of them."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from stack.engine import run, stack
from stack.running import Running, eventually

pytestmark = pytest.mark.timeout(600)

CLUSTER = "deployment/docker/cluster.yml"


@pytest.fixture(scope="module")
def cluster(engine: None) -> Iterator[Running]:
    """Bring up three nodes and ten bots, without what draws and keeps traces."""
    with stack(CLUSTER, BOTS="10") as project:
        project.compose("up", "-d", "--no-build", "rabbitmq-2", "rabbitmq-3", "server", "bots", "prometheus")
        running = Running(project)
        eventually(lambda: running.bots() == 10, 90, "10 bots")
        yield running


def management(cluster: Running, path: str) -> Any:  # noqa: ANN401 - JSON
    """Return what RabbitMQ's management API answers."""
    url = f"{cluster.stack.url('MANAGEMENT')}/api/{path}"
    login = ("chatter-manager", "chatter-manager")
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


@pytest.mark.parametrize("node", ["rabbitmq-2", "rabbitmq-3"])
def test_a_node_may_go(cluster: Running, node: str) -> None:
    """A node is killed, and the talk goes on; it comes back, and is in the cluster again."""
    container = cluster.stack.containers()[node]["Id"]
    run("docker", "kill", container)
    try:
        said = newest(cluster)
        eventually(lambda: newest(cluster) > said + 10, 60, "talk with two nodes")
    finally:
        run("docker", "start", container)
    eventually(lambda: sum(one["running"] for one in management(cluster, "nodes")) == 3, 60, "three nodes")
    eventually(lambda: cluster.bots() == 10, 60, "ten bots")
