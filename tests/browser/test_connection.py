"""The page and a chat server that goes away: it says so, keeps what it knew, and comes back by itself."""

import pytest
from playwright.async_api import Page, expect

from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_it_connects_again_by_itself(house: House, page: Page) -> None:
    """While the server is away the page says what to do; then the talk goes on, without a reload."""
    await expect(page.locator(".line").first).to_be_visible()
    await page.evaluate("window.stayed = true")
    await house.stop_server()
    try:
        await expect(page.get_by_role("alert")).to_contain_text("rabbit-chatter status")
        await expect(page.locator(".line").first).to_be_visible()
    finally:
        await house.start_server()
    await expect(page.get_by_role("alert")).to_have_count(0)
    said = await house.tweet("nastybot", "you are back")
    await expect(page.locator(f'a.said[href="#/messages/{said}"]')).to_be_visible()
    assert await page.evaluate("window.stayed")
