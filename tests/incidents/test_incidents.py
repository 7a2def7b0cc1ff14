"""Every incident on the running system: its alert fires in time, no other does, and it ends.

This takes an hour, so it is not among the tests that run each time: `make test-incidents`.
"""

import asyncio
import time

import pytest

from incident_table import Measured, write
from rabbit_chatter.incidents.catalogue import Incident, load
from running_demo import Demo
from support import eventually

pytestmark = pytest.mark.timeout(1500)

CATALOGUE = load()

_QUIET_SECONDS = 15
_LONGEST_ECHO = 600  # what an incident leaves behind is over by then: the longest window is five minutes
_AFTERWARDS = 20  # what follows from an incident may be slower than its own alert
_ENDS_BY_ITSELF = {"broker-restart"}


async def alerts(demo: Demo, *states: str) -> set[str]:
    """Return the alerts in one of the states, but for the one that always fires."""
    found = (await demo.get("prometheus", "/api/v1/alerts"))["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in found if alert["state"] in states} - {"Watchdog"}


async def firing(demo: Demo) -> set[str]:
    """Return the alerts that fire now."""
    return await alerts(demo, "firing")


async def quiet(demo: Demo) -> None:
    """Wait until nothing has fired for a while, and all that needs a past has one."""
    since = time.monotonic()

    async def calm() -> bool:
        nonlocal since
        await asyncio.sleep(1)
        uptime = await demo.query("job:prometheus_uptime:seconds")
        # What is pending may be left over from the incident before, and fire in this one.
        if await alerts(demo, "firing", "pending") or not uptime or float(uptime[0]["value"][1]) < 150:
            since = time.monotonic()
        return time.monotonic() - since > _QUIET_SECONDS

    await eventually(calm, _LONGEST_ECHO, "nothing fires")


async def test_nothing_fires_while_nothing_is_wrong(running: Demo) -> None:
    """A demo that nobody disturbs is quiet for two minutes."""
    await quiet(running)
    end, seen = time.monotonic() + 120, set[str]()
    while time.monotonic() < end:
        seen |= await firing(running)
        await asyncio.sleep(2)
    assert seen == set()


@pytest.mark.parametrize("incident", CATALOGUE.values(), ids=lambda incident: incident.name)
async def test_an_incident_keeps_its_promises(running: Demo, incident: Incident) -> None:
    """Its alert fires in time, nothing fires that must not, and it resolves when the incident is over."""
    await quiet(running)
    measured = Measured()
    try:
        ended = await _begin_and_end(running, incident, measured)
        await _see_the_end(running, incident, measured, ended)
    finally:
        write(incident, measured)
    assert measured.fired is not None, f"{incident.alert.fires} did not fire; {measured.others}"
    assert measured.fired <= incident.alert.within
    assert measured.resolved is not None, f"{incident.alert.fires} still fires"
    assert measured.resolved <= incident.alert.resolves
    assert set(measured.others) <= set(incident.alert.may), measured.others


async def _begin_and_end(demo: Demo, incident: Incident, measured: Measured) -> float:
    """Start it, watch it, stop it; return when that was."""
    await asyncio.to_thread(demo.run, "incident", "start", incident.name, "--seed", "table")
    began = time.monotonic()
    until = began + incident.alert.within + _AFTERWARDS
    while time.monotonic() < until:
        _note(measured, incident, await firing(demo), time.monotonic() - began)
        if measured.fired is not None:
            until = min(until, began + measured.fired + _AFTERWARDS)
        await asyncio.sleep(1)
    if incident.name in _ENDS_BY_ITSELF:
        while time.monotonic() < began + incident.inject.lasts:
            _note(measured, incident, await firing(demo), time.monotonic() - began)
            await asyncio.sleep(1)
        return began + incident.inject.lasts
    await asyncio.to_thread(demo.run, "incident", "stop", incident.name)
    return time.monotonic()


async def _see_the_end(demo: Demo, incident: Incident, measured: Measured, ended: float) -> None:
    while measured.fired is not None and time.monotonic() < ended + incident.alert.resolves + 30:
        fires = await firing(demo)
        _note(measured, incident, fires, time.monotonic() - ended)
        if incident.alert.fires not in fires:
            measured.resolved = time.monotonic() - ended
            break
        await asyncio.sleep(1)
    running = (await demo.get("page", "/incidents"))["running"]
    assert incident.name not in [one["name"] for one in running]


def _note(measured: Measured, incident: Incident, fires: set[str], seconds: float) -> None:
    if incident.alert.fires in fires and measured.fired is None:
        measured.fired = seconds
    for other in fires - {incident.alert.fires}:
        measured.others.setdefault(other, seconds)
