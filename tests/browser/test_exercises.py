"""A student's exercises on the page, as ``rabbit-chatter exercise`` wrote them down."""

import pytest
from playwright.async_api import Page, expect

from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_progress_and_the_last_verdict_are_shown(house: House, page: Page) -> None:
    """Who is where, by topic; of the answer checked last each sentence, and a picture of each recording."""
    await page.goto(f"{house.url}/#/exercises")
    await expect(page.get_by_text("1 of 33 solved")).to_be_visible()
    everything = page.get_by_role("navigation", name="All exercises")
    await expect(everything.get_by_role("heading", name="promql 1 of 8")).to_be_visible()
    for name, said in (
        ("total-depth · 100 %", "solved"),
        ("longest-queues", "given up"),
        ("queue-growing · 92 % · 1 of 3 hints", "started"),
        ("error-ratio", "not yet"),
    ):
        await expect(everything.get_by_role("link").filter(has_text=name)).to_contain_text(said)
    verdict = page.get_by_role("region", name="Exercise queue-growing")
    await expect(verdict.locator("li[data-kind=wrong]")).to_contain_text("fired for 5 s in “unacked-pileup”")
    storm = verdict.get_by_role("row").filter(has_text="publish-storm").get_by_role("img")
    await expect(storm).to_have_attribute(
        "aria-label",
        "fired from 1 min 50 s to 5 min 20 s; trouble began at 1 min 10 s, its cause was gone at 3 min 10 s",
    )
    await expect(storm.locator("rect[data-kind=right]")).to_have_count(1)
    await expect(storm.locator(".mark")).to_have_count(2)
    await everything.get_by_role("link").filter(has_text="error-ratio").click()
    await expect(page.get_by_text("Nothing was said of an answer yet.")).to_be_visible()
    await expect(page.get_by_text("rabbit-chatter exercise check error-ratio")).to_be_visible()
