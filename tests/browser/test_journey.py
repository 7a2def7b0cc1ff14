"""A message's journey, drawn from the spans that the chat server received itself."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from house import House
from support import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def answered(house: House) -> dict[str, Any]:
    """Return a direct message that was answered, and whose answer's span has come."""

    async def find() -> dict[str, Any] | None:
        for talk in (await house.get("/conversations", state="open", limit=20))["conversations"]:
            messages = (await house.get(f"/conversations/{talk['id']}"))["messages"]
            if len(messages) > 3 and await is_complete(house, messages[1]):
                message: dict[str, Any] = messages[1]
                return message
        return None

    found: dict[str, Any] = await eventually(find, 30, "an answered message")
    return found


async def is_complete(house: House, message: dict[str, Any]) -> bool:
    """Return whether the recipient's process span is in the trace: it ends with the answer."""
    spans = (await house.get(f"/traces/{message['trace_id']}"))["spans"]
    return any(
        span["name"] == "process dm"
        and span["instance"] == message["to"]
        and span["attributes"].get("messaging.message.id") == message["id"]
        for span in spans
    )


async def test_a_click_on_a_message_shows_its_journey(house: House, page: Page) -> None:
    """The waterfall has the spans of both bots, of the broker and of the chat server, in this order."""
    message = await answered(house)
    await page.goto(f"{house.url}/#/live?conversation={message['conversation']}")
    await page.locator(f'a.said[href="#/messages/{message["id"]}"]').click()
    steps = page.locator(".step .what")
    await expect(steps.filter(has_text="compose")).to_have_count(1)
    shown = [re.sub(r"\s+", " ", text).strip() for text in await steps.all_inner_texts()]
    sender, recipient = message["from"], message["to"]
    assert shown[0] == f"publish dm {sender}"
    for step in (f"process dm {recipient}", f"compose {recipient}", f"publish dm {recipient}"):
        assert step in shown
    assert shown.count("queue wait dm rabbitmq") == 2
    assert "process dm chatter-server" in shown
    await expect(page.get_by_label("Steps").get_by_role("listitem")).to_have_count(5)


async def test_a_span_tells_what_it_carries(house: House, page: Page) -> None:
    """A click on a step opens its attributes, and says what such a step is."""
    message = await answered(house)
    await page.goto(f"{house.url}/#/messages/{message['id']}")
    await page.locator(".step").first.click()
    details = page.locator(".details")
    await expect(details).to_contain_text("handed to RabbitMQ")
    await expect(details).to_contain_text(message["id"])


async def test_the_whole_conversation_is_one_button_away(house: House, page: Page) -> None:
    """All spans of the trace, from the decision to talk on."""
    message = await answered(house)
    await page.goto(f"{house.url}/#/messages/{message['id']}")
    await page.get_by_role("button", name="Whole conversation").click()
    await expect(page.locator(".step").first).to_contain_text("converse")
    assert await page.locator(".step").count() > 12


async def test_the_header_is_explained(house: House, page: Page) -> None:
    """`traceparent` is shown as it travelled, its trace id and its parent id named."""
    message = await answered(house)
    await page.goto(f"{house.url}/#/messages/{message['id']}")
    await expect(page.locator(".header")).to_have_text(f"traceparent: {message['traceparent']}")
    for name in ("version", "trace id", "parent id", "flags"):
        await expect(page.get_by_role("term").filter(has_text=name).first).to_be_visible()
    await expect(page.get_by_text("sampled: spans of this trace are recorded")).to_be_visible()


async def test_without_jaeger_and_grafana_it_says_what_they_would_add(house: House, page: Page) -> None:
    """Where they are not installed the journey is there all the same, and there are no dead links."""
    message = await answered(house)
    await page.goto(f"{house.url}/#/messages/{message['id']}")
    await expect(page.get_by_text("Jaeger would search all traces")).to_be_visible()
    await expect(page.get_by_text("Grafana would show dashboards")).to_be_visible()
    await expect(page.get_by_text("the chat server's own store")).to_be_visible()
    assert await page.locator(".elsewhere a").count() == 0


async def test_what_is_not_kept_says_so(house: House, page: Page) -> None:
    """An old address leads to a sentence, not to an empty page."""
    await page.goto(f"{house.url}/#/messages/long-gone")
    await expect(page.get_by_text("message long-gone is not kept")).to_be_visible()
