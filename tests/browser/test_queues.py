"""The table of queues: it moves, sorts, says what is wrong, and stays small however many queues there are."""

import pytest
from playwright.async_api import Page, expect

from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_table_moves(house: House, page: Page) -> None:
    """The archive's depth grows before one's eyes, as its sparkline does."""
    await page.goto(f"{house.url}/#/queues?name=firehose")
    row = page.get_by_role("row").filter(has_text="chatter.firehose")
    depth = row.get_by_role("cell").nth(2)
    await expect(depth).to_be_visible()
    before = await depth.inner_text()
    await expect(depth).not_to_have_text(before)
    await expect(row.get_by_role("cell").nth(1)).to_have_text("archive")
    await expect(depth.locator("path.edge")).to_have_count(1)


async def test_titles_stand_above_their_figures(house: House, page: Page) -> None:
    """Where figures end on the right, so does their title."""
    await page.goto(f"{house.url}/#/queues")
    await expect(page.locator(".row").first).to_be_visible()
    for column in range(2, 7):
        title = await page.get_by_role("columnheader").nth(column).get_by_role("button").bounding_box()
        figure = await page.locator(".row >> nth=0").get_by_role("cell").nth(column).bounding_box()
        assert title
        assert figure
        assert title["x"] + title["width"] == pytest.approx(figure["x"] + figure["width"], abs=0.5)


async def test_a_title_sorts(house: House, page: Page) -> None:
    """A click on a title sorts by it, another one turns the order; the address keeps it."""
    await page.goto(f"{house.url}/#/queues")
    title = page.get_by_role("columnheader", name="Queue")
    names = page.locator(".row [role=cell]:first-child")
    await title.get_by_role("button").click()
    await expect(title).to_have_attribute("aria-sort", "ascending")
    await expect(names.first).to_contain_text("bot.")
    await title.get_by_role("button").click()
    await expect(title).to_have_attribute("aria-sort", "descending")
    assert "sort=name&down=1" in page.url


async def test_a_queue_that_nobody_reads_is_marked(house: House, page: Page) -> None:
    """Messages for a bot that is gone wait without a consumer: in words, first in the table, most first."""
    async with house.unread("ghost", "away", 1), house.unread("ghost", "gone", 3):
        await page.goto(f"{house.url}/#/queues")
        first = page.get_by_role("row").nth(1)
        await expect(first).to_contain_text("ghost-gone")
        await expect(first).to_contain_text("no consumer")
        await expect(page.get_by_role("row").nth(2)).to_contain_text("ghost-away")
        await page.get_by_role("link", name="ghost-gone").click()
        await expect(page.get_by_role("heading", name="ghost-gone")).to_be_visible()
        await expect(page.get_by_label("Depth of ghost-gone, now 3")).to_be_visible()


async def test_states_follow_from_the_past(page: Page) -> None:
    """Growing and stuck are said of depth and flow over a quarter of a minute, each beside its look-alike."""
    states = await page.evaluate(
        """async () => {
          const { stateOf } = await import("/static/lib/queues.js");
          const queue = (depth, out, rest = {}) => stateOf({
            name: "a-b", type: "classic", consumers: 1, messages: depth.at(-1), in: 0, out: out.at(-1),
            past: { depth, out }, ...rest,
          });
          const [none, some] = [new Array(8).fill(0), new Array(8).fill(1)];
          return {
            growing: queue([0, 1, 2, 3, 4, 5, 6, 9], some),
            wavy: queue([0, 9, 0, 9, 0, 9, 0, 9], some),
            stuck: queue([3, 3, 3, 3, 3, 3, 3, 3], none),
            slow: queue([3, 3, 3, 3, 3, 3, 3, 3], [0, 0, 0, 1, 0, 0, 0, 0]),
            fresh: queue([3, 3, 3], [0, 0, 0]),
            unread: queue([0, 1, 2, 3, 4, 5, 6, 9], none, { consumers: 0 }),
            buried: queue(some, none, { name: "chatter.dead-letters", consumers: 0 }),
            archive: queue([0, 1, 2, 3, 4, 5, 6, 9], none, { type: "stream" }),
            idle: queue(none, none),
          };
        }"""
    )
    assert states == {
        "growing": "growing",
        "wavy": "flowing",
        "stuck": "stuck",
        "slow": "flowing",
        "fresh": "flowing",
        "unread": "no consumer",
        "buried": "dead letters",
        "archive": "archive",
        "idle": "idle",
    }


async def test_many_queues_are_few_rows(house: House, page: Page) -> None:
    """Of hundreds of queues only those are elements of the page that one sees; the end can be reached."""
    async with house.many_queues("crowd", 200) as names:
        await page.goto(f"{house.url}/#/queues?name=crowd&sort=name")
        await expect(page.get_by_text(f"{len(names)} of ")).to_be_visible()
        assert await page.locator(".row").count() < 60
        await page.locator(".body").evaluate("body => body.scrollTo(0, body.scrollHeight)")
        await expect(page.get_by_role("cell", name=max(names))).to_be_visible()
