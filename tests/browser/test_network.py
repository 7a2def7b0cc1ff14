"""The network view: a picture of few bots by name, and of many by dialect; the same in words beside it."""

import asyncio
import math
import re
from itertools import combinations

import pytest
from playwright.async_api import Page, Route, expect

from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def painted(page: Page) -> int:
    """Return how many different colours are on the canvas."""
    count: int = await page.locator("canvas").evaluate(
        """canvas => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    return count


async def test_a_click_on_a_bot_opens_its_profile(house: House, page: Page) -> None:
    """Bots can be found on the picture with the pointer: one has a name there, and a click leads to it."""
    await page.goto(f"{house.url}/#/network")
    await expect(page.locator(".pair-links").first).to_be_visible()
    canvas = page.locator("canvas")
    box = await canvas.bounding_box()
    assert box
    assert await painted(page) > 3
    for y in range(20, int(box["height"]), 24):
        for x in range(20, int(box["width"]), 24):
            await page.mouse.move(box["x"] + x, box["y"] + y)
            if await canvas.get_attribute("title"):
                await page.mouse.click(box["x"] + x, box["y"] + y)
                await page.wait_for_url("**/#/bots/*")
                return
    raise AssertionError("no bot is on the picture")


async def test_bots_are_counted_when_they_are_known(house: House, page: Page) -> None:
    """Until the list of bots is there it is being loaded, not empty; then it says how many there are."""
    asked = asyncio.Event()

    async def hold(route: Route) -> None:
        await asked.wait()
        await route.continue_()

    await page.route("**/bots?*", hold)
    await page.goto(f"{house.url}/#/network")
    await page.reload()
    await expect(page.get_by_role("heading", name="Network loading …")).to_be_visible()
    await expect(page.get_by_text("No bots are here")).to_have_count(0)
    asked.set()
    await expect(page.get_by_role("heading", name=re.compile(r"Network [1-9]\d* bots"))).to_be_visible()


async def test_nothing_is_missed_while_a_view_is_drawn(page: Page) -> None:
    """What changes after a view was drawn, and before it listens, is drawn nevertheless."""
    await page.evaluate(
        """async () => {
          const { html, render } = await import("/static/vendor/ui.js");
          const { Signal, useSignal } = await import("/static/lib/signal.js");
          const signal = new Signal("before");
          const place = document.body.appendChild(document.createElement("output"));
          render(html`<${() => useSignal(signal)} />`, place);
          signal.set("after");
        }"""
    )
    await expect(page.locator("output")).to_have_text("after")


async def test_many_bots_are_circles_by_dialect(page: Page) -> None:
    """Of a thousand bots each is within its dialect's circle, and the circles stand apart, on the picture."""
    found = await page.evaluate(
        """async () => {
          const { Model } = await import("/static/network/model.js");
          const { Layout } = await import("/static/network/layout.js");
          const people = new Map();
          for (let number = 0; number < 1000; number++) {
            const name = `bot${number}`;
            const dialect = ["eliza", "markov", "pirate", "echo", "eliza"][number % 5];
            people.set(name, { name, here: true, dialect });
          }
          const model = new Model();
          model.settle(people, 0);
          const layout = new Layout(model);
          layout.arrange(940, 610);
          for (let steps = 0; steps < 200; steps++) layout.step();
          const circles = new Map(layout.clusters.map((cluster) => [cluster.dialect, cluster]));
          const astray = [...model.nodes.values()].filter((node) => {
            const { x, y, radius } = circles.get(node.dialect);
            return Math.hypot(node.x - x, node.y - y) > radius + 1;
          });
          return { many: layout.many, astray: astray.length, clusters: layout.clusters };
        }"""
    )
    assert found["many"]
    assert found["astray"] == 0
    clusters = found["clusters"]
    assert {cluster["dialect"]: cluster["count"] for cluster in clusters} == {
        "eliza": 400, "markov": 200, "pirate": 200, "echo": 200,
    }  # fmt: skip
    for one in clusters:
        assert one["radius"] < one["x"] < 940 - one["radius"]
        assert one["radius"] < one["y"] < 610 - one["radius"]
    for one, other in combinations(clusters, 2):
        distance = math.hypot(one["x"] - other["x"], one["y"] - other["y"])
        assert distance > one["radius"] + other["radius"]
