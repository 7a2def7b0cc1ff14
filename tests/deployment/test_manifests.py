import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from deployment import manifests
from deployment.manifests import OF_OPERATORS, OVERLAYS, ROOT, name_of, rendered

KUBERNETES = "1.37"
SCHEMAS = Path(__file__).with_name("schemas")

# How a CRD says that it knows no more of an object than this.
_FREE = "x-kubernetes-preserve-unknown-fields"

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def closed(schema: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a CRD's schema in which a field that it does not name is an error, as the API server warns."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "type" in made and _FREE not in made:
        made.setdefault("additionalProperties", False)
    return made


def problems(thing: manifests.Object) -> list[str]:
    """Return what an object's schema says against it."""
    return found_in(json.dumps(thing))


@cache
def found_in(text: str) -> list[str]:
    """Return what the schema of an object, given as JSON, says: most are the same in every overlay."""
    return list(complaints(json.loads(text)))


def complaints(thing: manifests.Object) -> Iterator[str]:
    """Yield what an object's schema says against it."""
    group, _, version = thing["apiVersion"].rpartition("/")
    file = SCHEMAS / f"{group}_{version}_{thing['kind']}.json"
    if not file.exists():
        try:
            kubernetes_validate.validate(thing, KUBERNETES, strict=True)
        except (jsonschema.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            yield f"{thing['kind']} {name_of(thing)}: {error.message}"
        return
    validator = jsonschema.Draft202012Validator(closed(json.loads(file.read_text("utf-8"))))
    meta = {**thing, "metadata": {}}
    yield from (
        f"{thing['kind']} {name_of(thing)}: {e.json_path} {e.message}" for e in validator.iter_errors(meta)
    )


@each_overlay
def test_every_object_fits_its_schema(overlay: str) -> None:
    """Kubernetes, and the operators' definitions of their own objects, know every field, and its type."""
    assert [problem for thing in rendered(overlay).objects for problem in problems(thing)] == []


def test_schemas_find_slips() -> None:
    """A misspelt field is found in Kubernetes' own objects and in the operators'."""
    things = rendered("operators")
    deployment = json.loads(json.dumps(things.one("Deployment", "bots")))
    deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    cluster = json.loads(json.dumps(things.one("RabbitmqCluster", "rabbitmq")))
    cluster["spec"]["rabbitmq"]["additionalConf"] = ""
    scaled = json.loads(json.dumps(things.one("ScaledObject", "bots")))
    scaled["spec"]["maxReplicaCount"] = "8"
    assert all(list(problems(thing)) for thing in (deployment, cluster, scaled))


@each_overlay
def test_every_name_leads_somewhere(overlay: str) -> None:
    """ConfigMaps, Secrets and accounts that pods name are there, and services find pods with such ports."""
    made = rendered(overlay)
    known = {(thing["kind"], name_of(thing)) for thing in made.objects}
    for name, pod in made.pods.items():
        spec = pod["spec"]
        assert ("ServiceAccount", spec["serviceAccountName"]) in known, name
        for volume in spec.get("volumes", []):
            for kind, key, field in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
                assert key not in volume or (kind, volume[key][field]) in known, (name, volume)
        for variable in spec["containers"][0].get("env", []):
            secret = variable.get("valueFrom", {}).get("secretKeyRef")
            assert not secret or secret["key"] in made.one("Secret", secret["name"])["data"], (name, variable)
    for service in made.of("Service"):
        app = manifests.app_of(service["spec"]["selector"])
        if overlay == "operators" and app in OF_OPERATORS:
            continue
        ports = made.pods[app]["spec"]["containers"][0]["ports"]
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in {p["name"] for p in ports} | {p["containerPort"] for p in ports}
            assert port["port"] in {p["containerPort"] for p in ports}


def test_monitoring_objects_are_up_to_date(tmp_path: Path) -> None:
    """The objects of the Prometheus Operator say what prometheus/ says, rule for rule."""
    script = ROOT / "deployment/kubernetes/generate_monitoring.py"
    subprocess.run([sys.executable, script, tmp_path / "fresh"], check=True, timeout=60)
    written = (ROOT / "deployment/kubernetes/operators/generated.yaml").read_text("utf-8")
    assert (tmp_path / "fresh").read_text("utf-8") == written, "run `make manifests`, commit the result"


@each_overlay
def test_overlays_are_short(overlay: str) -> None:
    """What an overlay adds is read in one go: 100 lines at most, comments and generated objects aside."""
    files = (ROOT / "deployment/kubernetes" / overlay).glob("*.yaml")
    lines = [
        line
        for file in files
        if file.name != "generated.yaml"
        for line in file.read_text("utf-8").splitlines()
    ]
    assert len([line for line in lines if line.strip() and not line.lstrip().startswith(("#", "---"))]) <= 100


def test_kind_cluster_has_zones() -> None:
    """The two nodes of kind are in two zones, so that the spread of pods can be seen."""
    cluster = yaml.safe_load((ROOT / "deployment/kubernetes/kind/cluster.yaml").read_text("utf-8"))
    assert (
        len({node["labels"]["topology.kubernetes.io/zone"] for node in cluster["nodes"] if "labels" in node})
        == 2
    )


def test_pages_are_short_and_of_one_form() -> None:
    """Each place to run has a page of a minute: start, look, scale, break, clean up."""
    pages = list((ROOT / "deployment").glob("*/README.md"))
    assert len(pages) == 3
    for page in pages:
        lines = page.read_text("utf-8").splitlines()
        assert len(lines) <= 60, page
        steps = [line[3:] for line in lines if line.startswith("## ")][:5]
        assert steps == ["Start", "Look", "Scale", "Break", "Clean up"], page
