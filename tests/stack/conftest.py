"""What the tests of the stack share: one run of the compose file, and how long it took."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest
from stack.engine import STANDINS, EngineError, build, run, stack
from stack.running import Running, eventually

from rabbit_chatter.up.ports import accepts

_FRAME = b"AMQP\x00\x00\x09\x01"


@pytest.fixture(scope="session")
def engine() -> None:
    """Make sure that there is a container engine, and our image in it."""
    try:
        if STANDINS:
            run(STANDINS, timeout=900)  # also starts the engine
        run("docker", "info")
        build()
    except EngineError as error:
        pytest.exit(f"the stack needs a container engine and its images: {error}", returncode=2)


@pytest.fixture(scope="session")
def network(engine: None) -> Iterator[Running]:
    """Bring the compose file up, and note when what was first seen."""
    with stack() as project:
        running = Running(project)
        begin = time.monotonic()
        try:
            with ThreadPoolExecutor() as pool:
                started = pool.submit(project.compose, "up", "-d", "--no-build")
                eventually(lambda: _speaks_amqp(project.ports["AMQP"]), 60, "a broker that answers")
                answered = time.monotonic()
                running.seconds["broker answers"] = answered - begin
                _note_firsts(running, answered)
                started.result()
            eventually(lambda: not project.unhealthy(), 60, "all healthy")
        except (AssertionError, EngineError) as error:
            states, logs = project.unhealthy(), project.compose("logs", "--tail", "15")
            raise AssertionError(f"{error}\n{states}\n{logs}") from error
        running.seconds["all healthy"] = time.monotonic() - answered
        yield running


def _note_firsts(running: Running, since: float) -> None:
    firsts: dict[str, Callable[[], Any]] = {
        "first data": lambda: running.query("sum(messaging_client_sent_messages_total) > 0")
    }
    if "jaeger" not in running.stack.left_out:
        firsts["first trace"] = lambda: (
            "bot-gibberish" in running.get("JAEGER", "/api/v3/services").get("services", ())
        )
    end = time.monotonic() + 90
    while firsts and time.monotonic() < end:
        for name in list(firsts):
            with suppress(httpx.HTTPError):
                if firsts[name]():
                    running.seconds[name] = time.monotonic() - since
                    del firsts[name]
        time.sleep(0.2)
    assert not firsts, f"not within 90 s: {', '.join(firsts)}"


def _speaks_amqp(port: int) -> bool:
    """Return whether a broker answers; the engine's own proxy takes connections long before."""
    if not accepts(port):
        return False
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(_FRAME)
        return bool(connection.recv(1))
