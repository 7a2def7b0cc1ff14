"""A demo of their own for the tests of all incidents; with `-n 2`, one for each worker."""

from collections.abc import Iterator

import pytest

from running_demo import Demo
from support import otlp_receiver

BOTS = "20"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start a demo with twenty bots, whose traces are received, and stop it whatever happens."""
    with otlp_receiver() as receiver:
        started = Demo(tmp_path_factory.mktemp("incidents"), receiver)
        try:
            started.up("--bots", BOTS)
            yield started
        finally:
            started.run("down")
