"""The live view: what is said appears, is chosen by filters, stands still on demand, and stays text."""

import pytest
from playwright.async_api import Page, expect

from house import House
from rabbit_chatter.messages import new_id

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=alert(1)><script>alert(2)</script>"


async def test_live_talk_appears(page: Page) -> None:
    """What a bot says is on the page within moments, and more comes above it."""
    first = page.locator(".line").first
    await expect(first).to_be_visible()
    await expect(page.get_by_role("status").first).to_contain_text("live")
    before = await first.locator(".said").get_attribute("href")
    await expect(first.locator(".said")).not_to_have_attribute("href", before or "")


async def test_what_a_bot_says_stays_text(house: House, page: Page) -> None:
    """Markup from a bot is shown as it was said: no element comes of it, and nothing runs."""
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    name = "nasty" + new_id()[-8:]
    message = await house.tweet(name, NASTY)
    said = page.locator(f'a.said[href="#/messages/{message}"]')
    await expect(said).to_have_text(NASTY)
    await page.goto(f"{house.url}/#/messages/{message}")
    await expect(page.locator("blockquote")).to_have_text(NASTY)
    await page.goto(f"{house.url}/#/bots/{name}")
    await expect(page.locator("a.said")).to_have_text(NASTY)
    assert await page.locator("main img, main script").count() == 0
    assert dialogs == []


async def test_inserting_html_is_impossible_in_the_page(page: Page) -> None:
    """Even a mistake of ours could not insert HTML: the browser refuses it, whatever the text is."""
    refused = await page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>' } catch (error) { return error.name } }"
    )
    assert refused == "TypeError"
    assert await page.evaluate("refused") == ["require-trusted-types-for"]
    await page.evaluate("refused.length = 0")


async def test_filters_are_part_of_the_address(house: House, page: Page) -> None:
    """One bot alone is heard, and whoever gets the address hears the same."""
    name = "solo" + new_id()[-8:]
    await house.tweet(name, "only me")
    await page.get_by_label("Bot", exact=True).fill(name)
    await page.get_by_label("Bot", exact=True).press("Enter")
    await expect(page.locator(".line")).to_have_count(1)
    assert page.url.endswith(f"#/live?bot={name}")
    await page.reload()
    await expect(page.locator(".line .said")).to_have_text("only me")
    await page.get_by_label("Kind").select_option("dm")
    await expect(page.get_by_text("Nobody has said anything like that")).to_be_visible()


async def test_what_is_being_typed_stays(house: House, page: Page) -> None:
    """The list of bots is drawn anew every few seconds, also while somebody types half a name."""
    field = page.get_by_label("Bot", exact=True)
    await field.fill("half a na")
    name = "new" + new_id()[-8:]
    await house.tweet(name, "here I am")
    await expect(page.locator(f'#names option[value="{name}"]')).to_have_count(1)
    await expect(field).to_have_value("half a na")


async def test_a_dialect_alone(page: Page) -> None:
    """Of two dialects only the chosen one is shown."""
    await page.get_by_label("Dialect").select_option("echo")
    lines = page.locator(".line .name")
    await expect(lines.first).to_have_attribute("title", "speaks echo")
    titles = await lines.evaluate_all("names => names.map((name) => name.title)")
    assert set(titles) == {"speaks echo"}


async def test_the_list_stands_still_under_the_pointer(house: House, page: Page) -> None:
    """What one is about to click does not move away; when the pointer leaves, the talk goes on."""
    await page.locator(".line").first.hover()
    await expect(page.get_by_text("held while you look")).to_be_visible()
    held = await page.locator(".line .said").first.get_attribute("href")
    said = await house.tweet("nastybot", "while you look")
    await page.wait_for_function("id => fetch(`/messages/${id}`).then((answer) => answer.ok)", arg=said)
    assert await page.locator(".line .said").first.get_attribute("href") == held
    await page.mouse.move(5, 5)
    await expect(page.locator(f'a.said[href="#/messages/{said}"]')).to_be_visible()


async def test_eavesdropping_on_a_conversation(page: Page) -> None:
    """A click on a partner's name opens their talk as a chat, with both sides and who is writing."""
    await page.get_by_role("link", name="Conversations", exact=True).click()
    await page.locator(".talk-tile:has(.dots)").first.click()
    await expect(page.locator(".bubble.mine").first).to_be_visible()
    await expect(page.locator(".bubble:not(.mine)").first).to_be_visible()
    await expect(page.locator(".typing, .note")).to_be_visible()


async def test_a_bot_has_a_profile(page: Page) -> None:
    """A click on a name shows how it talks and with whom."""
    await page.locator(".line .name").first.click()
    await expect(page.get_by_role("heading", name="Speaks to")).to_be_visible()
    await expect(page.locator(".facts .dialect")).to_be_visible()
