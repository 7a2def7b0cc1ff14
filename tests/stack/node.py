"""Pods without a cluster: what a kubelet makes of a manifest, made by the container engine.

What it takes from a rendered manifest: image, options, variables of every source, files of ConfigMaps and
Secrets, volumes, user and groups, a read-only root, dropped capabilities, limits, host name, services as
names with the addresses of all their pods, and probes. What an engine does not have is left out:
NetworkPolicies, scheduling, disruption budgets, volumes' sizes, and services' own addresses.

Not `podman kube play`: that of Debian 12 (4.3) knows neither a pod's address as a variable, nor a Secret that
is not JSON in itself, nor readiness probes.
"""

import itertools
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from stack.engine import EngineError, run
from stack.pod import Pod

from deployment.manifests import Manifests, Object, app_of, contents, name_of

# Where private networks may be; which of them are free is tried.
_SUBNETS = [f"10.{number}.119" for number in range(201, 231)]
_UNITS = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}


@dataclass
class Node:
    """Makes pods of manifests, on one network.

    Attributes:
        made: the manifests.
        pods: those that were started.
    """

    made: Manifests
    network: str
    subnet: str
    folder: Path
    pods: list[Pod] = field(default_factory=list)
    _addresses: Iterator[int] = field(default_factory=lambda: itertools.count(10))

    def start(self, app: str) -> list[Pod]:
        """Start all replicas of a workload, and return them."""
        (workload,) = [one for one in self.made.of("Deployment", "StatefulSet") if name_of(one) == app]
        started = []
        for number in range(workload["spec"]["replicas"]):
            name = f"{app}-{number}" if workload["kind"] == "StatefulSet" else f"{app}-5d9c7-{number}"
            address = f"{self.subnet}.{next(self._addresses)}"
            spec = workload["spec"]["template"]["spec"]
            pod = Pod(name, app, f"{self.network}-{name}", address, spec)
            self.pods.append(pod)
            claims = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
            run("docker", "run", "--detach", *self._options(pod, claims), timeout=60)
            started.append(pod)
        return started

    def of(self, app: str) -> list[Pod]:
        """Return the pods of a workload."""
        return [pod for pod in self.pods if pod.app == app]

    def _options(self, pod: Pod, claims: set[str]) -> Iterator[str]:
        """Yield what `docker run` is to be told."""
        container = pod.container
        variables = self._variables(pod)
        yield from ("--name", pod.id, "--hostname", pod.name)
        yield from ("--network", self.network, "--ip", pod.address)
        for service in self.made.of("Service"):
            if app_of(service["spec"]["selector"]) == pod.app:
                yield from ("--network-alias", name_of(service))
        for key, value in variables.items():
            yield from ("--env", f"{key}={value}")
        yield from _rights(pod.spec)
        limits = container["resources"]["limits"]
        yield from ("--memory", str(_bytes(limits["memory"])), "--cpus", str(_cores(limits["cpu"])))
        for mount in container.get("volumeMounts", []):
            yield from self._mount(pod, mount, claims)
        command = [_expanded(part, variables) for part in container.get("command", [])]
        if command:
            yield from ("--entrypoint", command[0])
        yield container["image"]
        yield from command[1:]
        yield from (_expanded(part, variables) for part in container.get("args", []))

    def _variables(self, pod: Pod) -> dict[str, str]:
        """Return a container's variables; one may name those before it."""
        found: dict[str, str] = {}
        for source in pod.container.get("envFrom", []):
            found |= self.made.one("ConfigMap", source["configMapRef"]["name"])["data"]
        fields = {"metadata.name": pod.name, "status.podIP": pod.address}
        for one in pod.container.get("env", []):
            source = one.get("valueFrom", {})
            if "fieldRef" in source:
                value = fields[source["fieldRef"]["fieldPath"]]
            elif "secretKeyRef" in source:
                secret = self.made.one("Secret", source["secretKeyRef"]["name"])
                value = contents(secret)[source["secretKeyRef"]["key"]]
            else:
                value = _expanded(one["value"], found)
            found[one["name"]] = value
        return found

    def _mount(self, pod: Pod, mount: Object, claims: set[str]) -> Iterator[str]:
        """Yield what mounts a volume as the kubelet does: files are root's, scratch is everybody's."""
        folder = self.folder / pod.name / mount["name"]
        folder.mkdir(parents=True, exist_ok=True)
        volume: Object = next((one for one in pod.spec["volumes"] if one["name"] == mount["name"]), {})
        scratch = "emptyDir" in volume
        if scratch or mount["name"] in claims:
            group = pod.spec["securityContext"].get("fsGroup")
            if group and os.geteuid() == 0:  # else the test cannot give a folder to a group
                os.chown(folder, 0, group)
                folder.chmod(0o2777 if scratch else 0o2775)
            else:
                folder.chmod(0o777)
            yield from ("--volume", f"{folder}:{mount['mountPath']}")
            return
        for name, text in self.made.data_of(volume).items():
            (folder / name).write_text(text, "utf-8")
        source = folder / mount["subPath"] if "subPath" in mount else folder
        yield from ("--volume", f"{source}:{mount['mountPath']}:ro")


@contextmanager
def node(made: Manifests, name: str) -> Iterator[Node]:
    """Give a place for pods; at the end nothing is left of it.

    Args:
        made: what is to run.
        name: of the network, and the beginning of all pods' names.
    """
    folder = Path(mkdtemp(prefix="chatter-pods-"))
    folder.chmod(0o755)
    running = Node(made, name, _new_network(name), folder)
    try:
        yield running
    finally:
        for pod in running.pods:
            run("docker", "rm", "--force", "--volumes", pod.id, check=False)
        run("docker", "network", "rm", name, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _new_network(name: str) -> str:
    """Make a network; return the beginning of its addresses, which pods know before they start."""
    error = EngineError("no subnet was tried")
    for subnet in _SUBNETS:
        try:
            run("docker", "network", "create", "--subnet", f"{subnet}.0/24", name)
        except EngineError as taken:
            error = taken
        else:
            return subnet
    raise error


def _rights(spec: Object) -> Iterator[str]:
    """Yield who the container is and what it may do."""
    security, own = spec["securityContext"], spec["containers"][0]["securityContext"]
    assert security["runAsNonRoot"], "the kubelet would let it be root"
    group = f":{security['runAsGroup']}" if "runAsGroup" in security else ""
    yield from ("--user", f"{security['runAsUser']}{group}")
    if "fsGroup" in security:
        yield from ("--group-add", str(security["fsGroup"]))
    if own["readOnlyRootFilesystem"]:
        yield "--read-only"
    for capability in own["capabilities"]["drop"]:
        yield from ("--cap-drop", capability)
    if own["allowPrivilegeEscalation"] is False:
        yield from ("--security-opt", "no-new-privileges")


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    """Put variables in the place of ``$(NAME)``; what is not known stays, as Kubernetes leaves it."""
    pattern = r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)"
    return re.sub(pattern, lambda found: variables.get(found[1], found[0]), text)


def _bytes(quantity: str) -> int:
    return int(quantity[:-2]) * _UNITS[quantity[-2:]]


def _cores(quantity: str) -> float:
    return int(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)
