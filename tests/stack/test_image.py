# ruff: noqa: T201 - figures are printed, for whoever keeps an eye on the budget
import json

import pytest
from stack.engine import OURS, python_image, run

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("engine")]

_HARDENED = (
    "--rm",
    "--read-only",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
    "--network",
    "none",
)
_MIB = 1024 * 1024


def test_the_image_runs_alone() -> None:
    """The image says what it can do with a read-only root, without any right and without a network."""
    printed = run("docker", "run", *_HARDENED, OURS, "--help")
    assert all(command in printed for command in ("server", "queue-manager", "bots"))


def test_nobody_is_root_in_it() -> None:
    """Our program runs as a user of its own, which owns nothing that it runs from."""
    assert json.loads(run("docker", "inspect", OURS))[0]["Config"]["User"] == "10001"
    command = "id -u; find /opt -writable ! -type l | head -3"
    assert run("docker", "run", *_HARDENED, "--entrypoint", "sh", OURS, "-c", command).split() == ["10001"]


def test_the_image_is_small() -> None:
    """What we add to Python's slim image (some 125 MB) is at most 75 MB: 200 MB together."""
    ours, base = (json.loads(run("docker", "inspect", name))[0]["Size"] for name in (OURS, python_image()))
    print(f"\nours: {ours / _MIB:.0f} MiB, of which Python's image: {base / _MIB:.0f} MiB")
    assert ours - base <= 75e6
    assert ours <= 200e6 or base > 150e6, "too large, and not because of a stand-in's base"
