"""Incidents on the page: the teacher starts and stops them, and a class is not told."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from house import House, visit
from support import component, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

TITLE = "A dialect that looks for words"  # of the incident slow-dialect
NOWHERE = "amqp://127.0.0.1:1/chatter"


async def teach(page: Page, url: str, incident: str) -> None:
    """Open an incident as the teacher does who comes for the first time."""
    await page.goto(f"{url}/#/incidents/{incident}")
    await page.get_by_role("button", name="I am the teacher").click()
    await expect(page.get_by_role("navigation", name="All incidents")).to_be_visible()


async def test_an_incident_starts_and_stops(house: House, page: Page, browser: Browser) -> None:
    """Started in its view, it is named above every view, with what is left, for the teacher; then over."""
    await teach(page, house.url, "slow-dialect")
    detail = page.get_by_role("region", name=TITLE)
    await expect(detail).to_contain_text("the alert SlowDialect within 1 min 15 s")
    await detail.get_by_label("For").fill("120")
    await detail.get_by_label("Intensity").fill("0.01")
    await detail.get_by_role("button", name="Start", exact=True).click()
    banner = page.get_by_role("status").filter(has_text="runs")
    await expect(banner).to_contain_text(re.compile(rf"{TITLE} runs.*1 min \d\d s left", re.DOTALL))
    (running,) = (await house.get("/incidents"))["running"]
    assert (running["name"], running["intensity"]) == ("slow-dialect", 0.01)
    await page.get_by_role("link", name="Queues", exact=True).click()
    await expect(banner).to_be_visible()
    async with visit(browser, f"{house.url}/#/incidents") as another:
        await expect(another.get_by_role("button", name="I am the teacher")).to_be_visible()
        await expect(another.get_by_text(TITLE)).to_have_count(0)
    await banner.get_by_role("link").click()
    await page.get_by_role("button", name="Stop slow-dialect").click()
    await expect(page.get_by_text("Nothing is broken on purpose at the moment")).to_be_visible()
    await expect(banner).to_have_count(0)
    assert (await house.get("/incidents"))["running"] == []


async def test_a_secret_stays_one(house: House, page: Page) -> None:
    """Even the teacher's page only says that a secret incident runs; it stops with all others."""
    await teach(page, house.url, "slow-dialect")
    await page.evaluate(
        """() => fetch("/incidents/slow-dialect/start", {
          method: "POST", headers: { "content-type": "application/json" },
          body: JSON.stringify({ seconds: 60, intensity: 0.01, secret: true }),
        })"""
    )
    await expect(page.get_by_role("status").filter(has_text="A secret incident runs")).to_be_visible()
    running = page.get_by_role("region", name="Incidents that run")
    await expect(running).to_contain_text("rabbit-chatter incident reveal")
    await expect(running.get_by_text(TITLE)).to_have_count(0)
    await running.get_by_role("button", name="Stop all").click()
    await expect(running).to_have_count(0)


async def test_what_is_done_to_a_process_names_the_command(house: House, page: Page) -> None:
    """A page may not restart the broker: it says who can."""
    await teach(page, house.url, "broker-restart")
    await expect(page.get_by_text("rabbit-chatter incident start broker-restart")).to_be_visible()
    await expect(page.get_by_role("button", name="Start")).to_have_count(0)


async def test_a_server_for_other_machines_asks_for_its_token(browser: Browser) -> None:
    """The page asks for it once, says where it is, takes no other, and goes on with what was asked for."""
    told = {"CHATTER_HOST": "0.0.0.0", "CHATTER_TOKEN": "sesame", "CHATTER_AMQP_URL": NOWHERE}  # noqa: S104 - is tested
    async with component("server", **told) as server:
        (listening,) = await eventually(lambda: server.events("http.listening"))
        url = f"http://127.0.0.1:{listening['address'].rpartition(':')[2]}"
        async with visit(browser, url) as page:
            await teach(page, url, "slow-dialect")
            await page.get_by_role("button", name="Start", exact=True).click()
            await expect(page.get_by_text("rabbit-chatter logs server")).to_be_visible()
            await page.get_by_label("Token").fill("parsley")
            await page.get_by_role("button", name="Send").click()
            await expect(page.get_by_text("That was not its token.")).to_be_visible()
            await page.get_by_label("Token").fill("sesame")
            async with page.expect_request("**/start") as again:
                await page.get_by_role("button", name="Send").click()
            assert (await again.value).headers["authorization"] == "Bearer sesame"
            await expect(page.get_by_label("Token")).to_have_count(0)
            assert await page.evaluate("localStorage.length") == 0
