"""A small network to look at with a browser: a real broker, a dozen bots, the page; no Jaeger, no Grafana."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright, expect
from prometheus_client import CollectorRegistry

from rabbit_chatter import names
from rabbit_chatter.broker import Node
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.settings import BrokerSettings, Topology
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.up.ports import free_ports
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually, queue_manager

# What `rabbit-chatter exercise` wrote for the page when one was solved, one given up, and one not solved.
ANSWERS = Path(__file__).parent / "browser" / "answers"
PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
DOCUMENTED = (
    "live-light",
    "network-dark",
    "journey-light",
    "queues-light",
    "incidents-light",
    "exercises-light",
)
TO_SETTLE = 25_000  # milliseconds, until charts have something to show
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, as tests run as root in containers; nothing else than our own page is ever loaded.
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE = 20_000  # milliseconds; other programs may be on the same cores
SPEAKERS = {"gibberish": 2, "echo": 1}

# What the policy refused, and what went wrong, in the page's own words.
_WATCH = """
window.refused = [];
addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective));
"""


class House:
    """The running network.

    Attributes:
        url: of the page.
        broker: where everybody meets.
        server: the chat server; another one after :meth:`restart_server`.
    """

    def __init__(self, broker: PrivateBroker, manager: Component) -> None:
        self.broker = broker
        self.server: Component | None = None
        self._manager = manager
        self._port = free_ports(1)[0]
        self._serving = AsyncExitStack()
        self.url = f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, Any]:
        """What all components are told: whom to ask, and that spans go to the chat server."""
        return {
            "CHATTER_QUEUE_MANAGER_URL": f"http://{self._manager.address}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "CHATTER_EXERCISES_FOLDER": str(ANSWERS),
        }

    async def start_server(self) -> None:
        """Start the chat server, and return when it has read what was said."""
        url = self.broker.amqp_url("chatter-server")
        running = component("server", port=str(self._port), CHATTER_AMQP_URL=url, **self.environment)
        self.server = await self._serving.enter_async_context(running)
        await self.server.ready()

    async def stop_server(self) -> None:
        """Stop the chat server."""
        assert self.server is not None
        await self.server.stop()
        await self._serving.aclose()

    async def get(self, path: str, **params: str | int) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON that the chat server answers."""
        assert self.server is not None
        return await self.server.get(path, **params)

    @asynccontextmanager
    async def stranger(self) -> AsyncIterator[Node]:
        """Connect somebody who can publish and declare, as a bot can."""
        settings = BrokerSettings(amqp_url=self.broker.amqp_url("chatter-bot"))
        metrics = Metrics(CollectorRegistry(), "bots")
        async with Node(settings, metrics, Topology.TRACE, "bots", "test") as node:
            await eventually(lambda: node.ready, 15, "a connection")
            yield node

    async def tweet(self, sender: str, text: str) -> str:
        """Let somebody say something to everybody; return the message's id."""
        message = Message(new_id(), Kind.TWEET, sender, text)
        async with self.stranger() as node:
            await node.publisher.publish(message)
        return message.id

    @asynccontextmanager
    async def unread(self, sender: str, to: str, count: int) -> AsyncIterator[None]:
        """Let ``count`` messages wait in a queue that nobody reads, while the block runs."""
        async with self.stranger() as node:
            channel = await node.consume_link.scratch()
            queue = await channel.declare_queue(names.dm_queue(sender, to), exclusive=True)
            await queue.bind(names.EXCHANGE, names.dm_key(sender, to))
            for turn in range(count):
                message = Message(new_id(), Kind.DM, sender, "hello?", to, f"{sender}-{to}", turn)
                await node.publisher.publish(message)
            yield

    @asynccontextmanager
    async def many_queues(self, prefix: str, count: int) -> AsyncIterator[list[str]]:
        """Declare ``count`` empty queues while the block runs; yields their names."""
        found = [names.dm_queue(f"{prefix}{number:04}", "away") for number in range(count)]
        async with self.stranger() as node:
            channel = await node.consume_link.scratch()
            for name in found:
                await channel.declare_queue(name, exclusive=True)
            yield found

    async def post_alerts(self, *alerts: dict[str, Any]) -> None:
        """Tell the chat server what Alertmanager would."""
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client:
            answer = await client.post("/alerts", json={"version": "4", "alerts": list(alerts)})
        assert answer.status_code == httpx.codes.OK, answer.text


@asynccontextmanager
async def house(broker: PrivateBroker) -> AsyncIterator[House]:
    """Run the network."""
    async with queue_manager(broker) as manager, AsyncExitStack() as stack:
        running = House(broker, manager)
        stack.push_async_callback(running.stop_server)
        await running.start_server()
        mix = ",".join(f"{dialect}={weight}" for dialect, weight in SPEAKERS.items())
        arguments = ("bots", "--count", "12", "--tempo", "2", "--seed", "browser", "--dialect", mix)
        url = broker.amqp_url("chatter-bot")
        bots = component(*arguments, CHATTER_AMQP_URL=url, **running.environment)
        await (await stack.enter_async_context(bots)).ready()

        async def talking() -> bool:
            return bool((await running.get("/conversations", limit=1))["total"])

        await eventually(talking, 30, "a conversation")
        yield running


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run the system's Chromium; Playwright's own is never fetched."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert program, "no Chromium: deployment/local/install-packages chromium"
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=program, args=SWITCHES)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visit(browser: Browser, url: str, **options: Any) -> AsyncIterator[Page]:  # noqa: ANN401 - Playwright's
    """Open the page in a fresh profile; at the end nothing may have gone wrong or been refused in it."""
    options = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light", **options}
    context = await browser.new_context(**options)
    errors: list[str] = []
    try:
        await context.add_init_script(_WATCH)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(url)
        yield page
        assert errors == []
        assert await page.evaluate("refused") == []
    finally:
        await context.close()


async def picture(page: Page, name: str, folder: Path) -> None:
    """Take a screenshot: one that is documented if ``make pictures`` asks for it, else into ``folder``."""
    target = folder
    if os.environ.get("PICTURES") and name in DOCUMENTED:
        target = PICTURES
        await page.wait_for_timeout(TO_SETTLE)
    await page.screenshot(path=target / f"{name}.png")
