import json
from typing import Any

import pytest

from deployment.manifests import CLOUDS, OF_OPERATORS, OVERLAYS, ROOT, compose, compose_files, rendered

# Files that compose mounts because their folder is mounted, and that nobody reads there.
UNREAD = ("kustomization.yaml", "prometheus/tests/", "prometheus/alertmanager.yml", "otel/collector.yml")
each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@each_overlay
@pytest.mark.parametrize("service", sorted(compose()))
def test_configuration_is_that_of_compose(overlay: str, service: str) -> None:
    """Each mounted file is, byte for byte, the one that compose mounts there, and none is missing."""
    made = rendered(overlay)
    if service not in made.pods:
        assert (overlay, service in OF_OPERATORS) == ("operators", True)
        return
    here = made.files_in(service)
    there = {path: (source, text) for path, source, text in compose_files(service)}
    assert set(here) <= set(there)
    missing = {source for path, (source, _) in there.items() if path not in here}
    assert {
        source for source in missing if not source.startswith(UNREAD) and not source.endswith(UNREAD)
    } == set()
    for path, text in here.items():
        if overlay in CLOUDS and path.endswith("definitions.json"):
            assert without_hashes(text) == without_hashes(there[path][1])
            assert text != there[path][1]
        elif overlay in CLOUDS and path.startswith("/run/secrets/"):
            assert text != there[path][1]
        else:
            assert text == there[path][1], path


def without_hashes(definitions: str) -> Any:  # noqa: ANN401 - JSON
    """Return RabbitMQ's definitions without what depends on passwords."""
    said = json.loads(definitions)
    return {**said, "users": [{**user, "password_hash": ""} for user in said["users"]]}


def test_operators_read_the_same_configuration() -> None:
    """The three nodes load our rabbitmq.conf and definitions, and durable queues become quorum queues."""
    made = rendered("operators")
    cluster = made.one("RabbitmqCluster", "rabbitmq")["spec"]
    spec = cluster["override"]["statefulSet"]["spec"]["template"]["spec"]
    texts = {file: text for volume in spec["volumes"] for file, text in made.data_of(volume).items()}
    for file in ("rabbitmq.conf", "definitions.json"):
        assert texts[file] == (ROOT / "deployment/rabbitmq" / file).read_text("utf-8")
    (quorum,) = cluster["rabbitmq"]["additionalConfig"].splitlines()
    assert cluster["replicas"] == 3
    assert quorum in (ROOT / "deployment/docker/cluster.conf").read_text("utf-8").splitlines()


@each_overlay
def test_images_are_those_of_compose(overlay: str) -> None:
    """Every image has compose's tag; only ours comes from somewhere else, where a cloud must fetch it."""
    made = rendered(overlay)
    images = {name: pod["spec"]["containers"][0]["image"] for name, pod in made.pods.items()}
    for thing in made.of("RabbitmqCluster", "Prometheus"):
        images[{"RabbitmqCluster": "rabbitmq"}.get(thing["kind"], "prometheus")] = thing["spec"]["image"]
    ours = {name for name in images if compose()[name]["image"].startswith("rabbit-chatter:")}
    if overlay in CLOUDS:
        assert {images[name].rpartition("/")[0].count("/") for name in ours} <= {0, 2}
        images |= {name: images[name].rpartition("/")[2] for name in ours}
    assert images == {name: service["image"] for name, service in compose().items()}


@pytest.mark.parametrize("service", sorted(compose()))
def test_settings_are_those_of_compose(service: str) -> None:
    """Options, variables and memory of a container are compose's, but for addresses and passwords."""
    made, there = rendered("kind"), compose()[service]
    container = made.pods[service]["spec"]["containers"][0]
    here = made.environment_of(service)
    for key, value in there.get("environment", {}).items():
        if "${" not in str(value) and key != "CHATTER_METRICS_ADDRESS":
            assert here[key] == str(value), key
    assert container["resources"]["limits"]["memory"] == there["mem_limit"].replace("m", "Mi")
    if service != "bots":  # whose options come from .env
        options = [option for option in there.get("command", []) if "${" not in option]
        assert [option for option in container.get("args", []) if "external-url" not in option] == options
