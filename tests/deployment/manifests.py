"""What kustomize makes of deployment/kubernetes, and what stands in compose's file, side by side."""

import atexit
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml
from dotenv import dotenv_values

ROOT = Path(__file__).parents[2]
OVERLAYS = ("kind", "eks", "gke", "operators")
CLOUDS = ("eks", "gke")
# Whose pods operators make, in the overlay that is named after them.
OF_OPERATORS = {"rabbitmq", "prometheus"}

Object = dict[str, Any]

_NAME = "app.kubernetes.io/name"
_READ = ("deployment", "prometheus", "otel", "grafana")


@dataclass(frozen=True)
class Manifests:
    """All objects of one overlay."""

    objects: list[Object]

    def of(self, *kinds: str) -> list[Object]:
        """Return the objects of these kinds."""
        return [thing for thing in self.objects if thing["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        """Return the object ``name``; of a ConfigMap or Secret the name without what kustomize adds."""
        (found,) = [thing for thing in self.of(kind) if name in {name_of(thing), plain_name(thing)}]
        return found

    @cached_property
    def pods(self) -> dict[str, Object]:
        """The pod templates of workloads, by name."""
        return {name_of(w): w["spec"]["template"] for w in self.of("Deployment", "StatefulSet")}

    def data_of(self, volume: Object) -> dict[str, str]:
        """Return the files in a volume made of a ConfigMap or a Secret, by name; else none."""
        if "configMap" in volume:
            return dict(self.one("ConfigMap", volume["configMap"]["name"])["data"])
        if "secret" in volume:
            data = contents(self.one("Secret", volume["secret"]["secretName"]))
            items = volume["secret"].get("items")
            return {item["path"]: data[item["key"]] for item in items} if items else data
        return {}

    def files_in(self, workload: str) -> dict[str, str]:
        """Return what stands in a workload's mounted configuration, by path."""
        spec = self.pods[workload]["spec"]
        data = {volume["name"]: self.data_of(volume) for volume in spec.get("volumes", [])}
        return {
            mount["mountPath"] if "subPath" in mount else f"{mount['mountPath']}/{file}": text
            for mount in spec["containers"][0].get("volumeMounts", [])
            for file, text in data.get(mount["name"], {}).items()
            if mount.get("subPath", file) == file
        }

    def environment_of(self, workload: str) -> dict[str, str]:
        """Return a container's variables that have a plain value."""
        container = self.pods[workload]["spec"]["containers"][0]
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            found |= self.one("ConfigMap", source["configMapRef"]["name"])["data"]
        return found | {one["name"]: one["value"] for one in container.get("env", []) if "value" in one}


def name_of(thing: Object) -> str:
    """Return an object's name."""
    return str(thing["metadata"]["name"])


def plain_name(thing: Object) -> str:
    """Return a generated object's name without the hash of its content."""
    return name_of(thing).rpartition("-")[0]


def contents(secret: Object) -> dict[str, str]:
    """Return what a Secret holds, in clear."""
    return {key: b64decode(value).decode() for key, value in secret["data"].items()}


def app_of(labels: dict[str, str]) -> str:
    """Return the workload that labels, or a selector's, name."""
    return labels[_NAME]


@cache
def tree() -> Path:
    """Return a copy of all that kustomize reads, with passwords for the clouds, removed when tests end."""
    folder = Path(mkdtemp(prefix="chatter-manifests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in _READ:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for cloud in CLOUDS:
        make_passwords(folder, cloud)
    return folder


def make_passwords(folder: Path, overlay: str) -> None:
    """Let our script make passwords for an overlay."""
    script = folder / "deployment/kubernetes/new_passwords.py"
    subprocess.run([sys.executable, script, overlay], check=True, timeout=60)


@cache
def rendered(overlay: str) -> Manifests:
    """Return what ``kubectl kustomize`` makes of an overlay, as somebody's `kubectl apply -k` would."""
    program = Path(sys.executable).with_name("kubectl")
    folder = tree() / "deployment/kubernetes" / overlay
    done = subprocess.run([program, "kustomize", folder], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return Manifests([thing for thing in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if thing])


@cache
def compose() -> dict[str, Object]:
    """Return compose's services by name."""
    services: dict[str, Object] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return services


def compose_files(service: str) -> Iterator[tuple[str, str, str]]:
    """Yield path in the container, path in the repository and text of each file that compose mounts."""
    for name in compose()[service].get("secrets", []):
        setting = name.upper().replace("-", "_")
        yield f"/run/secrets/{name}", ".env", dotenv_values(ROOT / ".env")[setting] or ""
    for volume in compose()[service].get("volumes", []):
        source, target = volume.split(":")[:2]
        if source.startswith("./"):
            place = ROOT / source
            for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                if file.is_file():
                    inside = f"{target}/{file.relative_to(place)}" if place.is_dir() else target
                    yield inside, str(file.relative_to(ROOT)), file.read_text("utf-8")
