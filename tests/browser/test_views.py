"""Every view, in both themes and on a phone: accessible, within its width, and by keyboard alone."""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from house import House, picture, visit
from support import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
SERIOUS = ("serious", "critical")
ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast"]  # all that a theme can change
THEMES: list[tuple[Literal["light", "dark"], list[str]]] = [("light", ALL_RULES), ("dark", COLOUR_RULES)]
# The twelfth row of a list is made as the first ones are, and each takes its time to check.
ALIKE = [f"{rows}:nth-child(n+12)" for rows in (".line", ".row", ".tiles-list li", ".crowd li", ".picks li")]
PHONE: ViewportSize = {"width": 390, "height": 844}
# By its name in the documentation: where it is, and what is there when it is drawn.
VIEWS = {
    "live": ("live", ".line >> nth=5"),
    "network": ("network", ".pair-links >> nth=1"),
    "queues": ("queues", ".row >> nth=5"),
    "queue": ("queues/chatter.firehose", ".chart canvas >> nth=1"),
    "conversations": ("conversations", ".talk-tile >> nth=2"),
    "conversation": ("conversations/{conversation}", ".bubble.mine >> nth=0"),
    "bots": ("bots", ".crowd a >> nth=2"),
    "bot": ("bots/{to}", ".bar-row >> nth=0"),
    "journey": ("messages/{id}", ".step >> nth=3"),
    "alerts": ("alerts", "h1"),
    "incidents": ("incidents/slow-dialect", ".start"),
    "exercises": ("exercises", ".strip >> nth=1"),
    "nowhere": ("nowhere", "h1"),
}


async def some_message(house: House) -> dict[str, Any]:
    """Return a direct message, for the addresses that need one."""

    async def answered() -> list[dict[str, Any]]:
        talks = (await house.get("/conversations", limit=30))["conversations"]
        longest = max(talks, key=lambda talk: talk["turns"])
        messages: list[dict[str, Any]] = (await house.get(f"/conversations/{longest['id']}"))["messages"]
        return messages[1:]

    answer: dict[str, Any] = (await eventually(answered, 30, "an answer"))[0]
    return answer


async def serious(page: Page, rules: list[str]) -> list[tuple[str, list[Any]]]:
    """Return what the accessibility checker holds to be serious, and where."""
    found = await page.evaluate(
        "([exclude, runOnly]) => axe.run({ exclude }, { runOnly, resultTypes: ['violations'] })",
        [ALIKE, rules],
    )
    return [
        (problem["id"], [node["target"] for node in problem["nodes"]][:3])
        for problem in found["violations"]
        if problem["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("name", VIEWS)
async def test_every_view_in_both_themes_and_on_a_phone(
    house: House, browser: Browser, tmp_path: Path, name: str
) -> None:
    """The accessibility checker finds nothing serious, and a phone need not be scrolled sideways."""
    where, there = VIEWS[name]
    address = where.format_map(await some_message(house))
    async with visit(browser, f"{house.url}/#/{address}") as page:
        # Through the debugger: the page's policy would not let it in.
        await page.evaluate(AXE.read_text("utf-8") + "; null")
        if name == "incidents":
            await page.get_by_role("button", name="I am the teacher").click()
        for theme, rules in THEMES:
            # Without motion: colours that are on their way are nobody's fault.
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            await expect(page.locator(f"html[data-theme={theme}]")).to_be_attached()
            await expect(page.locator(there)).to_be_visible()
            await picture(page, f"{name}-{theme}", tmp_path)
            assert await serious(page, rules) == []
        await page.set_viewport_size(PHONE)
        await picture(page, f"{name}-phone", tmp_path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def press_until(page: Page, key: str, selector: str) -> None:
    """Press a key until what has the focus is what `selector` says."""
    for _ in range(150):
        await page.keyboard.press(key)
        if await page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is not reached by {key}")


async def test_the_keyboard_alone_is_enough(page: Page) -> None:
    """From the bar to a view, from a message to its journey, from a step to what it says; another theme."""
    await expect(page.locator(".line").first).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await press_until(page, "Tab", ".line .said")
    await expect(page.get_by_text("held while you look")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator("blockquote")).to_be_visible()
    await expect(page.locator(".step").first).to_be_visible()
    await press_until(page, "Tab", ".step")
    await page.keyboard.press("Enter")
    await expect(page.locator(".details")).to_be_visible()
    await press_until(page, "Shift+Tab", "button[aria-label^=Change]")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
    await press_until(page, "Shift+Tab", 'nav a[href="#/queues"]')
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("table", name="Queues")).to_be_visible()


async def test_a_chosen_theme_is_kept(house: House, page: Page) -> None:
    """Whoever chose dark gets dark again after a reload."""
    await page.get_by_role("button", name="Change to dark colours").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Change to light colours")).to_be_visible()
