"""What all tests share: a RabbitMQ of their own, real and private."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from rabbit_chatter.up import ports
from rabbit_chatter.up.private import PrivateBroker
from running_demo import Demo
from support import otlp_receiver


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGTERM end the tests as Ctrl-C does, so that `timeout` leaves no broker behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Give each worker ports of its own: what one has chosen, no other may take before it listens there."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    ports.FREE = ports.FREE[int(worker) :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]


# All files with tests that take `demo`: one worker runs them, so that there is one demo.
_LOOKING_AT_THE_DEMO = {"tests/integration/test_demo.py", "tests/panels/test_panels.py"}

# What takes longest begins first: last, it would keep the other workers waiting.
_FIRST = (*sorted(_LOOKING_AT_THE_DEMO), "tests/browser/", "tests/exercises/", "tests/integration/")


class SharedDemo(LoadFileScheduling):  # type: ignore[misc] # xdist does not tell its types
    """Give each file to one worker, and those that look at the same running network to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file.startswith("tests/browser/"):  # one browser, and one network to look at
            return "browser"
        return "demo" if file in _LOOKING_AT_THE_DEMO else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedDemo | None:  # noqa: ANN401 - xdist's
    """Let our scheduler distribute the tests, in the order that follows, unless another is asked for."""
    if config.option.dist != "loadfile":
        return None
    config.option.loadscopereorder = False
    return SharedDemo(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long ones begin."""
    items.sort(
        key=lambda item: next((at for at, part in enumerate(_FIRST) if item.nodeid.startswith(part)), 99)
    )


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateBroker]:
    """Start one RabbitMQ for all tests; whoever stops it starts it again."""
    running = PrivateBroker(tmp_path_factory.mktemp("broker"))
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture
def private_broker(tmp_path: Path) -> Iterator[Callable[[], PrivateBroker]]:
    """Return a function that starts another RabbitMQ, for a test that breaks it."""
    with ExitStack() as stack:

        def start() -> PrivateBroker:
            started = PrivateBroker(tmp_path / "broker")
            stack.callback(started.kill)
            started.start()
            return started

        yield start


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start the demo once for all tests that look at it, and stop it whatever happens."""
    with otlp_receiver() as receiver:
        running = Demo(tmp_path_factory.mktemp("demo"), receiver)
        try:
            running.up()
            yield running
        finally:
            running.run("down")
