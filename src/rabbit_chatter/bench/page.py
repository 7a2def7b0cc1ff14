"""``bench page``: what the page weighs and costs in a real browser, and its listeners the server."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from rabbit_chatter.errors import ChatterError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_LOADS = 7
_QUIET, _BUSY = 100, 500  # messages a second
_LISTENERS = 100
_WATCHED = 20.0  # seconds
_WARM_UP = 15.0  # seconds
_MARK = "performance.getEntriesByName('interactive')[0]?.startTime"


@dataclass(frozen=True)
class Place:
    """Where it is measured.

    Attributes:
        server_amqp: the broker as the chat server's user.
        bots_amqp: the same as the bots' user.
        port: free, for the chat server.
    """

    server_amqp: str
    bots_amqp: str
    port: int

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.port}/"


def measure(place: Place, minutes: float) -> Iterator[dict[str, float]]:
    """Yield the results, one measurement after the other.

    Args:
        place: where.
        minutes: how long the page is watched under load.

    Raises:
        ChatterError: Chromium or Playwright is missing, or a process ended.
    """
    with _process("rabbit_chatter", "server", "--port", str(place.port), amqp=place.server_amqp) as server:
        _wait_for(place.url)
        watched = psutil.Process(server.pid)
        with _process("rabbit_chatter.bench.speaker", str(_QUIET), amqp=place.bots_amqp):
            time.sleep(_WARM_UP / 3)
            yield from _listeners(watched, place.port)
            with _chromium() as browser:
                yield from _loads(browser, place.url)
        with (
            _process("rabbit_chatter.bench.speaker", str(_BUSY), amqp=place.bots_amqp),
            _chromium() as browser,
        ):
            yield from _load(browser, place.url, minutes)


def _listeners(server: psutil.Process, port: int) -> Iterator[dict[str, float]]:
    alone = _core_percent(server)
    with _process("rabbit_chatter.bench.listeners", str(port), str(_LISTENERS)):
        time.sleep(_WARM_UP / 3)
        together = _core_percent(server)
    yield {"server_core_percent_alone": alone, "server_core_percent_100_listeners": together}


def _core_percent(process: psutil.Process) -> float:
    before, begun = process.cpu_times(), time.perf_counter()
    time.sleep(_WATCHED)
    after, took = process.cpu_times(), time.perf_counter() - begun
    return 100 * (after.user + after.system - before.user - before.system) / took


def _loads(browser: "Browser", url: str) -> Iterator[dict[str, float]]:
    """Open the page some times in fresh profiles: how much comes, and when one can use what one sees."""
    bytes_, interactive = [], []
    for _ in range(_LOADS):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        sizes: list[float] = []
        session.on(
            "Network.loadingFinished", lambda event, sizes=sizes: sizes.append(event["encodedDataLength"])
        )
        page.goto(url)
        page.wait_for_function(_MARK)
        interactive.append(page.evaluate(_MARK))
        bytes_.append(sum(sizes))
        context.close()
    yield {
        "first_view_kilobytes": max(bytes_) / 1000,
        "interactive_ms": statistics.median(interactive),
        "interactive_ms_slowest": max(interactive),
    }


def _load(browser: "Browser", url: str, minutes: float) -> Iterator[dict[str, float]]:
    """Watch the page while more is said than anybody reads."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(url)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    time.sleep(_WARM_UP)
    renderer = _renderer(browser)
    first, cpu, begun = _state(session), _main_thread(renderer), time.perf_counter()
    time.sleep(minutes * 60)
    took, last = time.perf_counter() - begun, _state(session)
    yield {
        "messages_per_second": _heard(page),
        "main_thread_cpu_percent": 100 * (_main_thread(renderer) - cpu) / took,
        "main_thread_busy_percent": 100 * (last["TaskDuration"] - first["TaskDuration"]) / took,
        "minutes": minutes,
        "heap_start_mb": first["JSHeapUsedSize"] / 1e6,
        "heap_end_mb": last["JSHeapUsedSize"] / 1e6,
        "elements_start": first["Nodes"],
        "elements_end": last["Nodes"],
    }


def _state(session: "CDPSession") -> dict[str, float]:
    """Return the page's figures after a garbage collection (https://chromedevtools.github.io/devtools-protocol)."""
    session.send("HeapProfiler.collectGarbage")
    found = session.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in found}


def _renderer(browser: "Browser") -> psutil.Process:
    """Return the process that draws the page: of those that the browser keeps, the busiest."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process for process in processes if process["type"] == "renderer"]
    return psutil.Process(max(renderers, key=lambda process: float(process["cpuTime"]))["id"])


def _main_thread(process: psutil.Process) -> float:
    """Return the CPU seconds of a process' first thread, which in a renderer runs scripts and layout."""
    first = next(thread for thread in process.threads() if thread.id == process.pid)
    return float(first.user_time + first.system_time)


def _heard(page: "Page") -> float:
    """Return how many messages a second the page says that it hears."""
    return float(page.locator(".said-now .big").inner_text().replace(",", ""))


@contextmanager
def _chromium() -> Iterator["Browser"]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ChatterError("measuring the page needs: pip install 'rabbit-chatter[bench]'") from error
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        raise ChatterError("measuring the page needs Chromium: deployment/local/install-packages chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=_SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _process(module: str, *arguments: str, amqp: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    environment: dict[str, Any] = {**os.environ, "CHATTER_AMQP_URL": amqp, "CHATTER_LOG_LEVEL": "ERROR"}
    running = subprocess.Popen([sys.executable, "-m", module, *arguments], env=environment)  # noqa: S603 - ours
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}readyz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise ChatterError("the chat server was not ready within 30 s")
