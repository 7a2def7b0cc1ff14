"""From the bots' end to the alert in the chat and back, through the real Prometheus and Alertmanager.

It waits for two minutes, so it runs with the other slow ones: `make test-slow`.
"""

import pytest

from rabbit_chatter.up.supervisor import Supervisor
from running_demo import Demo
from support import eventually


@pytest.mark.timeout(240)
async def test_an_alert_goes_all_the_way_into_the_chat(demo: Demo) -> None:
    """Without bots an alert fires in Alertmanager and is said in the timeline; with them, its end is."""
    supervisor = Supervisor(demo.folder / ".chatter")

    async def is_old_enough() -> bool:  # while everything starts, what is not there yet is not missing
        uptime = await demo.query("job:prometheus_uptime:seconds")
        return bool(uptime) and float(uptime[0]["value"][1]) > 45

    async def fires() -> bool:
        alerts = await demo.get("alertmanager", "/api/v2/alerts", active="true", inhibited="false")
        return any(alert["labels"].get("component") == "bots" for alert in alerts)

    async def is_said(word: str) -> bool:
        timeline = await demo.get("page", "/timeline", bot="alertmanager")
        return any(word in m["text"] and "No process of bots" in m["text"] for m in timeline["messages"])

    await eventually(is_old_enough, 60, "Prometheus has been there for a while")
    supervisor.stop("bots")
    try:
        await eventually(fires, 60, "the alert in Alertmanager")
        await eventually(lambda: is_said("FIRING"), 10, "the alert in the chat")
    finally:
        supervisor.start("bots")
    await eventually(lambda: is_said("RESOLVED"), 60, "its end in the chat")
