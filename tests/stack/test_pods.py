"""The pods of deployment/kubernetes/base really start from their manifests, and do what compose's do."""

# ruff: noqa: T201 - figures are printed
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from stack.engine import fetch, let_rabbitmq_be_nobody
from stack.node import Node, node
from stack.pod import Pod
from stack.running import eventually

from deployment.manifests import rendered

pytestmark = pytest.mark.timeout(600)

COMPONENTS = ("server", "queue-manager", "bots")
EACH = 40  # bots of a pod

each_replica = pytest.mark.parametrize("replica", [0, 1])


@pytest.fixture(scope="module")
def cluster(engine: None) -> Iterator[Node]:
    """Start all pods of the base at once, as Kubernetes would, but those whose image is not to be had."""
    made = rendered("base")
    with node(made, f"chatter-pods-{os.getpid()}") as running:
        images = {app: pod["spec"]["containers"][0]["image"] for app, pod in made.pods.items()}
        here = [app for app, image in images.items() if app in COMPONENTS or fetch(image)]
        let_rabbitmq_be_nobody(images["rabbitmq"])
        begun = time.monotonic()
        for app in here:
            running.start(app)
        for pod in sorted(running.pods, key=lambda pod: pod.app in COMPONENTS):  # these need the others
            pod.await_ready()
        print(f"\n{len(running.pods)} pods are ready after {time.monotonic() - begun:.0f} s")
        yield running


def total(manager: Pod) -> int:
    """Return how many bots a queue-manager lists."""
    found: int = manager.get("/bots", {"limit": 1})["total"]
    return found


def targets(manager: Pod) -> set[str]:
    """Return whom a queue-manager tells Prometheus to ask."""
    return {group["targets"][0] for group in manager.get("/sd/prometheus")}


def newest(server: Pod) -> int:
    """Return the offset of the latest line that a chat server shows; -1 for none."""
    lines = server.get("/timeline", {"limit": 1})["messages"]
    return int(lines[0]["offset"]) if lines else -1


def since(server: Pod, offset: int) -> list[dict[str, Any]]:
    """Return what a chat server shows of what was said after ``offset``."""
    lines = server.get("/timeline", {"limit": 1000})["messages"]
    return [line for line in lines if line["offset"] > offset]


def names_in(manager: Pod, pod: Pod) -> set[str]:
    """Return the names of the bots in a pod."""
    bots = manager.get("/bots", {"limit": 1000})["bots"]
    return {bot["name"] for bot in bots if bot["instance"].startswith(pod.name)}


def ours(cluster: Node) -> list[Pod]:
    """Return the pods of our components."""
    return [pod for pod in cluster.pods if pod.app in COMPONENTS]


def test_two_of_each_are_ready(cluster: Node) -> None:
    """There are two pods of each of ours, and every pod answers all three probes of its manifest."""
    assert Counter(pod.app for pod in ours(cluster)) == dict.fromkeys(COMPONENTS, 2)
    silent = [
        (pod.name, kind)
        for pod in cluster.pods
        for kind in ("startup", "readiness", "liveness")
        if not pod.probe(kind)
    ]
    assert silent == []


@pytest.mark.parametrize("app", [*COMPONENTS, "rabbitmq"])
def test_nobody_can_do_more_than_it_needs(cluster: Node, app: str) -> None:
    """Seen from within: no root, no capability, none to gain, a filter of calls, and nothing to write to."""
    for pod in cluster.of(app):
        status = dict(re.findall(r"^(\w+):\s+(\S+)", pod.within("cat /proc/1/status"), re.MULTILINE))
        rights = {
            key: int(status[key], 16) for key in ("CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")
        }
        assert rights == {"CapPrm": 0, "CapEff": 0, "CapBnd": 0, "NoNewPrivs": 1, "Seccomp": 2}, pod.name
        assert status["Uid"] == str(pod.spec["securityContext"]["runAsUser"])
        assert "Read-only file system" in pod.within("touch /here"), pod.name
        assert pod.within("touch /tmp/here && echo done") == "done\n"
        assert pod.inspect()["HostConfig"]["Memory"] > 0


@each_replica
def test_all_bots_chat(cluster: Node, replica: int) -> None:
    """Each queue-manager lists the bots of both pods, and each server shows what they say, as it is said."""
    manager, server = cluster.of("queue-manager")[replica], cluster.of("server")[replica]
    eventually(lambda: total(manager) == 2 * EACH, 60, "eighty bots")
    before = newest(server)
    eventually(lambda: newest(server) > before + 40, 60, "talk")


@each_replica
def test_every_replica_is_found(cluster: Node, replica: int) -> None:
    """Each queue-manager names all pods of ours to Prometheus, the other queue-manager among them."""
    manager = cluster.of("queue-manager")[replica]
    eventually(lambda: targets(manager) == {pod.at for pod in ours(cluster)}, 30, "all targets")


def test_every_replica_is_watched(cluster: Node) -> None:
    """Prometheus reaches each pod of ours."""
    (prometheus,) = cluster.of("prometheus")
    asked = {"query": 'up{job="chatter"} == 1'}

    def up() -> bool:
        found = prometheus.get("/api/v1/query", asked)["data"]["result"]
        return {one["metric"]["instance"] for one in found} == {pod.at for pod in ours(cluster)}

    eventually(up, 30, "all targets up")


@pytest.mark.parametrize("app", COMPONENTS)
def test_a_pod_ends_in_its_time(cluster: Node, app: str) -> None:
    """After SIGTERM a pod has ended well within its grace; bots say goodbye before, and others take over."""
    going, staying = cluster.of(app)
    server, manager = cluster.of("server")[1], cluster.of("queue-manager")[1]
    bots = names_in(manager, going)
    before = newest(server)
    code, seconds = going.end()
    print(f"\n{app} ended in {seconds:.1f} s")
    assert code == 0, going.log()[-3000:]
    assert seconds < going.spec["terminationGracePeriodSeconds"]
    assert '"event":"process.stopped"' in going.log()
    assert staying.probe("readiness")
    if app == "bots":
        assert len(bots) == EACH
        eventually(lambda: total(manager) == EACH, 30, "the other forty bots")
        assert any(line["from"] in bots and line["last"] for line in since(server, before)), "no goodbye"
