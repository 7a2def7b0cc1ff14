from typing import Any

from rabbit_chatter.server.alerts import Notification
from rabbit_chatter.server.firing import Firing

NEVER = "0001-01-01T00:00:00Z"


def told(*alerts: tuple[str, str, str]) -> Notification:
    """Return a notification of alerts: fingerprint, status, and the minute in which each began."""
    listed: list[dict[str, Any]] = [
        {
            "status": status,
            "labels": {"alertname": name},
            "startsAt": f"2026-05-04T08:{minute}:00Z",
            "endsAt": NEVER,
            "fingerprint": name,
        }
        for name, status, minute in alerts
    ]
    return Notification.model_validate({"version": "4", "alerts": listed})


def names(firing: Firing) -> list[str]:
    """Return what fires."""
    return [alert.fingerprint for alert in firing.now()]


def test_what_fires_is_what_was_told_last() -> None:
    """Alerts come and go by their fingerprints, the latest first; a repetition changes nothing."""
    firing = Firing()
    firing.learn(told(("a", "firing", "10"), ("b", "firing", "20")))
    assert names(firing) == ["b", "a"]
    firing.learn(told(("a", "firing", "10"), ("b", "resolved", "20"), ("c", "firing", "15")))
    assert names(firing) == ["c", "a"]
    firing.learn(told(("unknown", "resolved", "10")))
    assert names(firing) == ["c", "a"]


def test_their_number_is_bounded() -> None:
    """A flood of alerts pushes out the first ones and costs no more memory."""
    firing = Firing()
    for start in range(0, 700, 100):
        firing.learn(told(*((f"alert{number}", "firing", "10") for number in range(start, start + 100))))
    assert len(firing.now()) == 500
    assert "alert699" in names(firing)
