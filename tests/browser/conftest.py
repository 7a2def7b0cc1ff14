"""One network and one browser for all tests that look at the page."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from house import House, chromium, house, visit
from rabbit_chatter.up.private import PrivateBroker


@pytest_asyncio.fixture(scope="session", loop_scope="session", name="house")
async def running_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Run a network with a dozen bots, on a broker of their own: they talk until all tests have ended."""
    broker = PrivateBroker(tmp_path_factory.mktemp("house"))
    try:
        await asyncio.to_thread(broker.start)
        async with house(broker) as running:
            yield running
    finally:
        broker.kill()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Run a browser."""
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(house: House, browser: Browser) -> AsyncIterator[Page]:
    """Open the page, which must end without an error and without anything refused by its policy."""
    async with visit(browser, house.url) as opened:
        yield opened
