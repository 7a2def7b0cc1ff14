"""The worked example is built, installed into a clean environment, and heard on a real broker."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from rabbit_chatter.up.private import PrivateBroker
from support import component, eventually, queue_manager

EXAMPLE = Path(__file__).parents[2] / "examples/dialect-haiku"
MOST_LINES = 60


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a clean environment that has the example; libraries are lent, not fetched."""
    folder = tmp_path_factory.mktemp("haiku")
    venv.create(folder / "venv", with_pip=False)
    base = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    purelib = Path(sysconfig.get_path("purelib", "venv", base))
    lent = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
    (purelib / "lent.pth").write_text(lent)
    found = folder / "venv/bin/python"
    pip(found, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(EXAMPLE))
    (wheel,) = folder.glob("*.whl")
    pip(found, "install", "--no-deps", "--no-index", str(wheel))
    return found


def pip(python: Path, *arguments: str) -> None:
    """Let pip do something in the environment of ``python``."""
    run(python, "-m", "pip", "--disable-pip-version-check", "-q", *arguments)


def run(*command: str | Path, cwd: Path = EXAMPLE) -> str:
    """Return what a program prints, which must end well."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_example_is_short() -> None:
    """A student reads all of it at once: project file, dialect and test together."""
    files = [file for file in EXAMPLE.rglob("*") if file.suffix in (".py", ".toml")]
    assert sum(len(file.read_text().splitlines()) for file in files) <= MOST_LINES


def test_example_is_listed(python: Path) -> None:
    """Where it is installed, and only there, it is among the dialects, and one can listen to it."""
    listed = run(python, "-m", "rabbit_chatter", "dialects")
    assert "haiku" in listed
    assert "haiku" not in run(sys.executable, "-m", "rabbit_chatter", "dialects")
    said = run(python, "-m", "rabbit_chatter", "dialects", "show", "haiku", "-o", "season=winter")
    assert "berta: " in said


def test_example_holds_the_contract(python: Path, tmp_path: Path) -> None:
    """Its own test runs the public contract, all points of it, and passes."""
    test = str(EXAMPLE / "test_haiku.py")
    said = run(
        python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), test, cwd=tmp_path
    )
    assert " passed" in said
    assert int(said.split(" passed")[0].split()[-1]) >= 9


async def test_example_chats(python: Path, broker: PrivateBroker) -> None:
    """Two bots that speak it find each other and talk."""
    async with (
        queue_manager(broker) as manager,
        component(
            "bots", "--count", "2", "--dialect", "haiku", "--seed", "haiku", "--tempo", "10",
            python=str(python),
            CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
            CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
            PYTHONPATH=os.environ.get("PYTHONPATH", ""),
        ) as running,
    ):  # fmt: skip
        await running.ready()
        await eventually(lambda: len(running.events("message.said")) >= 3, 30)
        assert not running.events("dialect.failed")
        assert await running.stop() == 0
