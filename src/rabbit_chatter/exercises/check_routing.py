"""The check of Alertmanager's configuration: a real Alertmanager is asked who would hear of what.

The receivers of the student's file keep their names and nothing else, so that no check ever sends a message.
"""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from rabbit_chatter.errors import ToolError
from rabbit_chatter.exercises.manifest import RoutingCase, RoutingCheck
from rabbit_chatter.exercises.sandbox import find, run
from rabbit_chatter.exercises.student import Unreadable, read_yaml
from rabbit_chatter.exercises.verdict import Finding

_HOW = (
    "on Debian and Ubuntu `apt install prometheus-alertmanager`, on a Mac take it from the archive at "
    "prometheus.io/download"
)
_START_SECONDS = 5.0
_KEPT = ("route", "inhibit_rules", "receivers", "time_intervals", "mute_time_intervals")


def check_routing(answer: Path, check: RoutingCheck, folder: Path) -> list[Finding]:
    """Return what is said of the configuration in ``answer``; see :func:`check_alert`."""
    config = _config_in(answer)
    file = folder / "alertmanager.yml"
    file.write_text(json.dumps(config), "utf-8")
    ended = run([find("amtool", _HOW), "check-config", file.name], folder)
    if ended.code:
        said = re.sub(r"^.*?error: ", "", ended.output.replace("\n", " "), count=1)
        raise Unreadable(f"{answer.name} is not accepted by Alertmanager: {_plain(said)[:400]}")
    program = shutil.which("prometheus-alertmanager") or find("alertmanager", _HOW)
    with _alertmanager(program, file, folder / "data") as client:
        return [finding for case in check.cases for finding in _judged(case, _sent(client, case))]


def _config_in(answer: Path) -> dict[str, Any]:
    content = read_yaml(answer)
    if not isinstance(content, dict) or not isinstance(content.get("route"), dict):
        raise Unreadable(f"{answer.name} has no `route:` on top")
    receivers = content.get("receivers")
    if not isinstance(receivers, list) or not all(isinstance(r, dict) and r.get("name") for r in receivers):
        raise Unreadable(f"{answer.name} has no list `receivers:` in which each has a name")
    kept = {key: content[key] for key in _KEPT if content.get(key)}
    return {**kept, "receivers": [{"name": str(receiver["name"])} for receiver in receivers]}


def _plain(message: str) -> str:
    if found := re.search(r'undefined receiver "(\S+?)" used in route', message):
        return f"a route names the receiver {found[1]}, but `receivers:` has none of that name. {message}"
    if "no matcher" in message or "bad matcher format" in message:
        return f'a matcher is written name="value" or name=~"regular expression". {message}'
    return message


def _sent(client: httpx.Client, case: RoutingCase) -> list[dict[str, Any]]:
    """Send the case's alerts, return the groups that they made, and let them end again."""
    begun = datetime.now(UTC)
    _post(client, [{"labels": labels, "startsAt": begun.isoformat()} for labels in case.alerts])
    groups = _groups(client, len(case.alerts))
    ended = max(datetime.now(UTC), begun + timedelta(milliseconds=1)).isoformat()
    _post(client, [{"labels": a, "startsAt": begun.isoformat(), "endsAt": ended} for a in case.alerts])
    _groups(client, 0)
    return groups


def _post(client: httpx.Client, alerts: list[dict[str, Any]]) -> None:
    client.post("/api/v2/alerts", json=alerts).raise_for_status()


def _judged(case: RoutingCase, groups: list[dict[str, Any]]) -> Iterator[Finding]:
    wrong = []
    for labels, wanted in zip(case.alerts, case.receivers, strict=True):
        heard = sorted(
            {
                group["receiver"]["name"]
                for group in groups
                for alert in group["alerts"]
                if alert["labels"] == labels and alert["status"]["state"] != "suppressed"
            }
        )
        if heard != sorted(wanted):
            went, should = (", ".join(names) or "nobody" for names in (heard, wanted))
            wrong.append(f"{_name(labels)} went to {went} instead of {should}")
    yield Finding(not wrong, f"{case.says}" if not wrong else f"{case.says}: {'; '.join(wrong)}")
    if case.together is not None:
        messages = sum(any(a["status"]["state"] != "suppressed" for a in group["alerts"]) for group in groups)
        good = messages == case.together
        yield Finding(
            good,
            f"{len(case.alerts)} alerts made {messages} message{'s' * (messages != 1)}"
            + ("" if good else f" instead of {case.together}: look at group_by"),
        )


def _name(labels: dict[str, str]) -> str:
    rest = ", ".join(f"{name}={value}" for name, value in labels.items() if name != "alertname")
    return f"{labels.get('alertname', '?')} ({rest})" if rest else labels.get("alertname", "?")


def _groups(client: httpx.Client, count: int) -> list[dict[str, Any]]:
    """Return the groups of alerts once ``count`` alerts are in one."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        groups: list[dict[str, Any]] = client.get("/api/v2/alerts/groups").raise_for_status().json()
        seen = {tuple(sorted(alert["labels"].items())) for group in groups for alert in group["alerts"]}
        if len(seen) == count or time.monotonic() > deadline:
            return groups
        time.sleep(0.02)


@contextmanager
def _alertmanager(program: str, config: Path, data: Path) -> Iterator[httpx.Client]:
    """Run an Alertmanager that tells nobody anything, and yield who can ask it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [
        f"--config.file={config}",
        f"--storage.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    process = subprocess.Popen(  # noqa: S603 - a program that we name
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5, trust_env=False) as client:
            while not _answers(client):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise ToolError("Alertmanager did not start with this configuration within 5 s")
                time.sleep(0.02)
            yield client
    finally:
        process.kill()
        process.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").is_success
    except httpx.HTTPError:
        return False
