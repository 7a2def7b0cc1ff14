from collections.abc import Iterator

import pytest

from deployment.manifests import (
    OVERLAYS,
    Object,
    app_of,
    rendered,
)
from rabbit_chatter.settings import ServiceSettings, TelemetrySettings

# What a pod may mount under the profile `restricted`, and that we use
# (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
VOLUMES = {"configMap", "secret", "emptyDir"}
OURS = ("bots", "server", "queue-manager")
HTTP_CLOSES = 2  # seconds that process.py leaves the HTTP server for requests under way

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def breaches(spec: Object) -> Iterator[str]:
    """Yield what Pod Security's profile `restricted` forbids in a pod, or what we do beyond it."""
    security = spec.get("securityContext", {})
    if not security.get("runAsNonRoot") or not security.get("runAsUser"):
        yield "runs as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "may call the kernel as it likes"
    if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
        yield "shares something with its node"
    if {key for volume in spec.get("volumes", []) for key in volume if key != "name"} - VOLUMES:
        yield "mounts something else than configuration and scratch"
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield "may gain privileges"
        if own.get("capabilities") != {"drop": ["ALL"]}:
            yield "has capabilities"


def shortcomings(spec: Object) -> Iterator[str]:
    """Yield what a pod of ours lacks beyond the profile."""
    (container,) = spec["containers"]
    if not container["securityContext"].get("readOnlyRootFilesystem"):
        yield "can write to its root"
    if spec.get("automountServiceAccountToken") is not False:
        yield "has a token"
    if spec.get("enableServiceLinks") is not False:
        yield "is told of services by variables"
    if container["image"].rpartition(":")[2] in {"latest", container["image"]}:
        yield "has an image without a version"
    if not {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys():
        yield "is not asked how it is"
    if not all(
        {"cpu", "memory"} <= container["resources"].get(kind, {}).keys() for kind in ("requests", "limits")
    ):
        yield "has no limits"


@each_overlay
def test_pods_are_restricted(overlay: str) -> None:
    """Nobody is root, gains rights, writes to a root, has a token, lacks limits or probes, or is `latest`."""
    made = rendered(overlay)
    found = {name: [*breaches(pod["spec"]), *shortcomings(pod["spec"])] for name, pod in made.pods.items()}
    assert found == {name: [] for name in made.pods}
    (namespace,) = made.of("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert all(account["automountServiceAccountToken"] is False for account in made.of("ServiceAccount"))


def test_pods_of_operators_are_restricted() -> None:
    """What operators make of our objects fits the namespace too; its rights are to see pods and services."""
    made = rendered("operators")
    cluster = made.one("RabbitmqCluster", "rabbitmq")["spec"]
    assert list(breaches(cluster["override"]["statefulSet"]["spec"]["template"]["spec"])) == []
    prometheus = made.one("Prometheus", "chatter")["spec"]
    assert list(breaches({"securityContext": prometheus["securityContext"], "containers": []})) == []
    assert cluster["resources"]["limits"]["memory"]
    assert prometheus["resources"]["limits"]["memory"]
    assert {verb for role in made.of("Role") for rule in role["rules"] for verb in rule["verbs"]} == {
        "get",
        "list",
        "watch",
    }


@pytest.mark.parametrize("name", OURS)
def test_components_are_asked_what_they_can_answer(name: str) -> None:
    """Whoever cannot work says so at `/readyz`; only silence at `/healthz` leads to a restart."""
    container = rendered("kind").pods[name]["spec"]["containers"][0]
    paths = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")
    }
    assert paths == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}


@pytest.mark.parametrize("name", OURS)
def test_components_have_time_to_end(name: str) -> None:
    """Kubernetes waits as long as draining, closing HTTP and sending the last spans may take together."""
    spec = rendered("kind").pods[name]["spec"]
    lifecycle = spec["containers"][0].get("lifecycle", {})
    before = lifecycle.get("preStop", {}).get("sleep", {}).get("seconds", 0)
    needed = before + ServiceSettings().drain_timeout + HTTP_CLOSES + TelemetrySettings().otlp_timeout
    assert spec["terminationGracePeriodSeconds"] >= needed


@each_overlay
def test_budgets_and_spread_are_for_somebody(overlay: str) -> None:
    """Each of our components has a budget, and selects itself where its pods are spread."""
    made = rendered(overlay)
    assert {app_of(b["spec"]["selector"]["matchLabels"]) for b in made.of("PodDisruptionBudget")} == set(OURS)
    for name in OURS:
        spread = made.pods[name]["spec"]["topologySpreadConstraints"]
        assert {app_of(one["labelSelector"]["matchLabels"]) for one in spread} == {name}
    for workload in made.of("Deployment", "StatefulSet"):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert workload["spec"]["selector"]["matchLabels"].items() <= labels.items()
