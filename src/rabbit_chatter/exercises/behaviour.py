"""What an alert did, as sentences: in time, in peace, and when all was over."""

from collections.abc import Iterator
from itertools import pairwise

from rabbit_chatter.exercises.manifest import AlertCheck
from rabbit_chatter.exercises.replay import Run
from rabbit_chatter.exercises.verdict import Finding, Timeline


def in_an_incident(run: Run, check: AlertCheck) -> Iterator[Finding]:
    """Yield what is said of an incident in which it must fire."""
    line = run.timeline(expected=True)
    where = f"in “{line.recording}”"
    inject, clear = line.inject or 0, line.clear or 0
    yield _not_before(line, inject, where)
    during = [at for at in line.times() if at >= inject]
    if not during:
        waited = f", though it was pending for {sum(map(bool, line.pending)) * line.interval} s" * any(
            line.pending
        )
        yield Finding(good=False, text=f"never fired {where}{waited}", weight=3)
        return
    delay = during[0] - inject
    yield Finding(
        delay <= check.within, f"fired {delay} s after it began {where} (at most {check.within} s)", 3
    )
    yield _ended(line, during[-1] - clear, check.resolve, where)
    yield _steady(during, line, where)
    most = max(line.firing)
    yield Finding(most <= check.most, f"{_count(most, 'alert')} at once {where} (at most {check.most})")
    if check.victim:
        yield _names_the_victim(run, check.victim, where)


def in_peace(run: Run, *, lookalike: bool = False) -> Finding:
    """Return what is said of a recording in which nothing may fire."""
    line = run.timeline(expected=False)
    times = line.times()
    what = f"“{line.recording}” ({line.title.rstrip('.')})"
    minutes = f"{round(len(line.firing) * line.interval / 60)} min"
    if not times:
        text = (
            f"did not cry at {what}"
            if lookalike or line.inject is not None
            else f"silent for {minutes} of {what}"
        )
        return Finding(good=True, text=text, weight=2)
    first = times[0]
    lasted = len(times) * line.interval
    since = f", {first - line.inject} s after it began" if line.inject and first >= line.inject else ""
    who = _count(max(line.firing), "alert")
    return Finding(
        good=False, text=f"fired for {lasted} s in {what}, first at {first} s{since}: {who}", weight=2
    )


def _not_before(line: Timeline, inject: int, where: str) -> Finding:
    early = [at for at in line.times() if at < inject]
    if early:
        return Finding(
            good=False, text=f"fired at {early[0]} s, {inject - early[0]} s before anything happened, {where}"
        )
    return Finding(good=True, text=f"silent before it began {where}")


def _ended(line: Timeline, after: int, limit: int, where: str) -> Finding:
    if line.firing[-1]:
        return Finding(
            good=False,
            text=f"still fired when the recording ended, {after} s after all was well, {where}",
            weight=2,
        )
    ended = after + line.interval
    when = f"{ended} s after its cause was gone" if ended >= 0 else f"{-ended} s before its cause was gone"
    return Finding(ended <= limit, f"ended {when} {where} (at most {limit} s)", 2)


def _steady(during: list[int], line: Timeline, where: str) -> Finding:
    gaps = [(before, after) for before, after in pairwise(during) if after - before > line.interval]
    if gaps:
        before, after = gaps[0]
        text = f"flapped {where}: stopped {len(gaps)} time(s) in between, first from {before} s to {after} s"
        return Finding(good=False, text=text)
    return Finding(good=True, text=f"did not flap {where}")


def _names_the_victim(run: Run, label: str, where: str) -> Finding:
    victims = set(run.victims.get(label, []))
    named = {alert.labels.get(label, "") for alerts in run.steps.values() for alert in alerts if alert.firing}
    if named == {""}:
        return Finding(
            good=False, text=f"the alert has no label `{label}`, so nobody knows which one {where}"
        )
    wrong = named - victims
    if len(wrong) * 2 > len(named) or not named & victims:
        return Finding(
            good=False, text=f"named {_some(wrong)} {where}, but the trouble was with {_some(victims)}"
        )
    return Finding(good=True, text=f"named the right `{label}` {where}: {_some(named & victims)}")


def _some(names: set[str]) -> str:
    first = sorted(names)[:2]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(first) + more


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"
