"""An alert on the page: it appears, brings its runbook, and goes when it is over."""

import pytest
from playwright.async_api import Page, expect

from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEVER = "0001-01-01T00:00:00Z"


def alert(ends: str = NEVER) -> dict[str, object]:
    """Return an alert as Alertmanager tells it."""
    return {
        "status": "firing" if ends == NEVER else "resolved",
        "labels": {"alertname": "ChatSilent", "severity": "page", "component": "bots"},
        "annotations": {
            "summary": "Nobody says <b>anything</b>.",
            "runbook_url": "http://127.0.0.1:8080/runbooks/ChatSilent",
        },
        "startsAt": "2026-05-04T08:15:30.123456789Z",
        "endsAt": ends,
        "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=up",
        "fingerprint": "chatsilent",
    }


async def test_an_alert_appears_and_resolves(house: House, page: Page) -> None:
    """Posted to the webhook, it is in the bar, in the view with its runbook, in the timeline; then over."""
    await house.post_alerts(alert())
    await page.get_by_role("link", name="Alerts 1 firing").click()
    shown = page.get_by_role("region", name="Alert ChatSilent")
    await expect(shown).to_contain_text("Nobody says <b>anything</b>.")
    await expect(shown.get_by_role("heading", name="Meaning")).to_be_visible()
    await expect(page.locator(".alert-tile")).to_contain_text("firing for")
    await expect(page.locator(".line.alarm", has_text="FIRING (page)")).to_be_visible()

    await house.post_alerts(alert(ends="2026-05-04T08:17:00Z"))
    await expect(
        page.get_by_text("Nothing fires").or_(page.get_by_text("Nobody looks for trouble"))
    ).to_be_visible()
    await expect(page.locator(".badge")).to_have_count(0)
    await expect(page.locator(".line.alarm", has_text="RESOLVED")).to_be_visible()


async def test_without_prometheus_it_says_who_is_missing(house: House, page: Page) -> None:
    """Where nobody could find trouble, silence is not called peace."""
    await page.goto(f"{house.url}/#/alerts")
    await expect(page.get_by_text("Nobody looks for trouble")).to_be_visible()
    await expect(page.get_by_text("Prometheus would remember all metrics")).to_be_visible()
