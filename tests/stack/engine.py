"""The container engine that runs the real compose file, and the images it needs."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rabbit_chatter.up.ports import free_ports

ROOT = Path(__file__).parents[2]
OURS = "rabbit-chatter:0.1.0"
DOCKERFILE = ROOT / "deployment/docker/Dockerfile"

# A script that makes images where no registry can be reached: SCRIPT NAME=TAG ...
STANDINS = os.environ.get("STANDINS", "")
STANDIN_NAMES = {
    "python": "python",
    "rabbitmq": "rabbitmq",
    "prom/prometheus": "prometheus",
    "prom/alertmanager": "alertmanager",
    "jaegertracing/jaeger": "jaeger",
}

# Without these images the rest is tested all the same.
OPTIONAL = {
    "grafana/grafana": "tests/stack/without-grafana.yml",
    "jaegertracing/jaeger": "tests/stack/without-jaeger.yml",
}

_LEGACY = {"DOCKER_BUILDKIT": "0"}

PORTS = (
    "PAGE", "QUEUE_MANAGER", "PROMETHEUS", "ALERTMANAGER", "GRAFANA", "JAEGER", "OTLP", "AMQP", "MANAGEMENT",
)  # fmt: skip


class EngineError(Exception):
    """The container engine did not do what it was asked."""


def run(
    *command: str, timeout: float = 60, check: bool = True, environment: Mapping[str, str] | None = None
) -> str:
    """Return what a command printed.

    Args:
        command: program and arguments.
        timeout: seconds after which it is ended.
        check: whether a command that fails is an error.
        environment: in addition to our own.

    Raises:
        EngineError: it failed or was ended.
    """
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **(environment or {})}, timeout=timeout, check=False,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{' '.join(command)}: {error}") from error
    if check and done.returncode:
        raise EngineError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def compose_file() -> dict[str, Any]:
    """Return the compose file as it is written."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


def images() -> list[str]:
    """Return the public images that the compose file names."""
    named = {service["image"] for service in compose_file()["services"].values()}
    return sorted(named - {OURS})


def python_image() -> str:
    """Return the image that ours is built upon."""
    lines = DOCKERFILE.read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("ARG PYTHON="))


def fetch(image: str) -> bool:
    """Make sure that ``image`` is here; return whether it is."""
    if _here(image):
        return True
    repository = image.partition(":")[0]
    try:
        if STANDINS:
            run(STANDINS, f"{STANDIN_NAMES[repository]}={image}", timeout=900)
            _add_wget(image)
        else:
            run("docker", "pull", "-q", image, timeout=600)
    except (EngineError, KeyError):
        if repository in OPTIONAL:
            return False
        raise
    return True


def build() -> None:
    """Build our image."""
    fetch(python_image())
    has_buildkit = "buildx" in run("docker", "buildx", "version", check=False).partition("unknown")[0]
    run(
        "docker", "build", "-q", "-t", OURS, "-f", str(DOCKERFILE), ".",
        timeout=600, environment=None if has_buildkit else _LEGACY,
    )  # fmt: skip


def _here(image: str) -> bool:
    return bool(run("docker", "images", "-q", image))


def _add_wget(image: str) -> None:
    """Give a stand-in the program that the real image has and that its health check calls."""
    if "Wget" in run("docker", "run", "--rm", "--entrypoint", "wget", image, "--version", check=False):
        return
    if STANDIN_NAMES[image.partition(":")[0]] == "jaeger":
        _build_upon(
            image,
            f"FROM {image}\nRUN apt-get update -qq && apt-get install -qy --no-install-recommends wget\n",
        )


def let_rabbitmq_be_nobody(image: str) -> None:
    """Let a stand-in start as the user 999 with a read-only root, as the real image does."""
    if not STANDINS or "999" in run("docker", "inspect", "--format", "{{.Config.Labels.user}}", image):
        return
    recipe = f"""FROM {image}
LABEL user=999
RUN usermod -ou 999 rabbitmq && groupmod -og 999 rabbitmq && chown -R 999:999 /var/l*/rabbitmq
RUN sed -i '2i [ "$(id -u)" = 0 ] || exec env HOME=/var/lib/rabbitmq "/usr/lib/rabbitmq/bin/$@"' \\
      /usr/local/bin/docker-entrypoint.sh
"""
    _build_upon(image, recipe)


def _build_upon(image: str, recipe: str) -> None:
    """Put what a recipe makes of an image in its place."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Dockerfile").write_text(recipe)
        run("docker", "build", "-q", "-t", image, folder, timeout=300, environment=_LEGACY)


@dataclass
class Stack:
    """The compose file, run under a name and on ports of its own.

    Attributes:
        overlays: compose files that change it, below the repository's root.
        left_out: services whose images could not be had.
        settings: what is not as `.env` has it.
    """

    overlays: Sequence[str] = ()
    left_out: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)
    project: str = f"chatter-test-{os.getpid()}"
    ports: Mapping[str, int] = field(
        default_factory=lambda: dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    )

    def compose(self, *arguments: str, timeout: float = 120) -> str:
        """Return what ``docker compose ARGUMENTS`` printed."""
        return run(*_compose(), *arguments, timeout=timeout, environment=self.environment())

    def environment(self) -> dict[str, str]:
        """Return what makes Compose, called by anybody, mean this stack."""
        ports = {f"{name}_PORT": str(port) for name, port in self.ports.items()}
        files = os.pathsep.join(["docker-compose.yml", *self.overlays])
        return {**self.settings, **ports, "COMPOSE_PROJECT_NAME": self.project, "COMPOSE_FILE": files}

    def url(self, name: str) -> str:
        """Return the address of a published port."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def services(self) -> set[str]:
        """Return the services that should run."""
        return set(compose_file()["services"]) - self.left_out

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return each container by its service, as ``docker inspect`` shows it."""
        ids = self.compose("ps", "-aq").split()
        inspected = json.loads(run("docker", "inspect", *ids)) if ids else []
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in inspected}

    def unhealthy(self) -> dict[str, str]:
        """Return the services that are not healthy, and what they are instead."""
        found = {name: one["State"] for name, one in self.containers().items()}
        states = {
            name: found[name].get("Health", {}).get("Status", found[name]["Status"])
            if name in found
            else "not there"
            for name in self.services()
        }
        return {name: state for name, state in states.items() if state != "healthy"}

    def memory(self) -> dict[str, float]:
        """Return what each container uses, in MiB."""
        ids = {one["Id"][:12]: name for name, one in self.containers().items()}
        lines = run("docker", "stats", "--no-stream", "--format", "{{.ID}} {{.MemUsage}}", *ids).splitlines()
        return {ids[line.split()[0]]: _mebibytes(line.split()[1]) for line in lines}

    def down(self) -> None:
        """Remove containers, network and volumes."""
        self.compose("down", "--volumes", "--timeout", "10", "--remove-orphans")


@contextmanager
def stack(*overlays: str, **settings: str) -> Iterator[Stack]:
    """Run the compose file while the block runs; services whose optional image is not here are left out.

    Args:
        overlays: compose files that change it, below the repository's root.
        settings: what is not as `.env` has it.
    """
    absent = {image.partition(":")[0] for image in images() if not fetch(image)}
    services = compose_file()["services"].items()
    left_out = frozenset(name for name, one in services if one["image"].partition(":")[0] in absent)
    missing = [OPTIONAL[repository] for repository in sorted(absent)]
    running = Stack([*missing, *overlays], left_out, settings)
    try:
        yield running
    finally:
        running.down()


def _compose() -> list[str]:
    if "Compose" in run("docker", "compose", "version", check=False):
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise EngineError("docker has no compose here: install Docker Compose 2.20 or newer")


def _mebibytes(text: str) -> float:
    for unit, factor in (("GiB", 1024.0), ("MiB", 1.0), ("KiB", 1 / 1024), ("B", 1 / 1024**2)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(f"no size: {text}")
