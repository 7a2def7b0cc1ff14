"""Exercises are judged alike by the promtool of compose's Prometheus, which is newer than Debian's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stack.engine import compose_file, fetch, run

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def promtool(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Take promtool out of the image."""
    image = compose_file()["services"]["prometheus"]["image"]
    assert fetch(image)
    folder = tmp_path_factory.mktemp("promtool")
    container = run("docker", "create", image).strip().splitlines()[-1]
    try:
        run("docker", "cp", "-L", f"{container}:/bin/promtool", str(folder / "promtool"))
    finally:
        run("docker", "rm", container)
    return folder / "promtool"


def test_the_newer_promtool_judges_alike(promtool: Path) -> None:
    """With promtool 3 each exercise fails as shipped, and right and wrong answers are told apart as well."""
    assert "version 3." in run(str(promtool), "--version")
    path = os.pathsep.join([str(promtool.parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "rabbit_chatter", "exercise", "lint"],
        env={**os.environ, "PATH": path}, timeout=500, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
