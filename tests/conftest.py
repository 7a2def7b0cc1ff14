"""What all tests share: a RabbitMQ of their own, real and private."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rabbit_chatter.up.private import PrivateBroker


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGTERM end the tests as Ctrl-C does, so that `timeout` leaves no broker behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


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
