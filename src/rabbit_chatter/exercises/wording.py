"""What is said of a rule's text, of its words as they arrive, and of its cost."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rabbit_chatter.exercises.expressions import gauges_in_rate, metrics_of, ranges_of
from rabbit_chatter.exercises.manifest import AlertCheck
from rabbit_chatter.exercises.promtool import labels_of, run_tests_of
from rabbit_chatter.exercises.replay import Run
from rabbit_chatter.exercises.rulefile import RuleFile
from rabbit_chatter.exercises.verdict import Finding, either
from rabbit_chatter.recordings.recording import Recording

SCRAPE_SECONDS = 5
_SCRAPES = 4  # that a window must hold; Prometheus 3 counts one less than 2 in the same window
_MOST_SERIES = 3000
_RENDERED = re.compile(r"^\s*(Labels|Annotations):(\{.*\})", re.MULTILINE)
_RECORD_NAME = re.compile(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+")
_FAILED = "<error expanding template:"
_TELLS = re.compile(r"incident", re.IGNORECASE)


def of_the_text(rules: RuleFile, check: AlertCheck) -> Iterator[Finding]:
    """Yield what can be said without running anything."""
    for expression in rules.expressions:
        for wrong in _wrong_in(expression, check):
            yield Finding(good=False, text=wrong)
    if check.record:
        used = set().union(*(metrics_of(str(rule["expr"])) for rule in rules.alerts)) & rules.recorded
        yield either(
            bool(used),
            "the alert uses what a recording rule computes",
            "the alert uses no recording rule of this file",
        )
        for name in (name for name in rules.recorded if not _RECORD_NAME.fullmatch(name)):
            yield Finding(good=False, text=f"{name} is not named level:metric:operations")


def _wrong_in(expression: str, check: AlertCheck) -> Iterator[str]:
    for gauge in gauges_in_rate(expression):
        yield f"takes a rate of {gauge}, a gauge: each fall looks like a restart; use deriv() or delta()"
    for length in (length for length in ranges_of(expression) if length < _SCRAPES * SCRAPE_SECONDS):
        yield f"a window of {length:g} s holds fewer than {_SCRAPES} scrapes: one late scrape empties it"
    yield from (wrong for word, wrong in check.avoid.items() if re.search(word, expression))
    if any(_TELLS.search(name) for name in metrics_of(expression)):
        yield "asks for a metric that only tells which incident runs"


def of_the_words(rules: RuleFile, check: AlertCheck, runs: list[Run], folder: Path) -> Iterator[Finding]:
    """Yield what is said of labels and annotations, as they arrive at whoever is woken."""
    for alert in rules.alerts:
        labels, summary = (
            alert.get("labels") or {},
            str((alert.get("annotations") or {}).get("summary") or ""),
        )
        severity, wanted = str(labels.get("severity", "")), " or ".join(check.severity)
        yield either(
            severity in check.severity,
            f"severity is {severity}",
            f"the label `severity` should be {wanted}, but is {severity or 'not there'}",
        )
        if "$value" in str(labels) or ".Value" in str(labels):
            yield Finding(good=False, text="a label contains the value, so each change makes a new alert")
        if not summary.strip() or "TODO" in summary:
            yield Finding(good=False, text="there is no annotation `summary` yet: whoever is woken reads it")
    if rendered := next(filter(None, (_rendered(rules, run, folder) for run in runs)), None):
        yield _of_what_arrives(*rendered, check.victim)


def _of_what_arrives(labels: Mapping[str, str], notes: Mapping[str, str], victim: str) -> Finding:
    text = " ".join(notes.values())
    if _FAILED in text:
        return Finding(good=False, text=f"a template fails: {text.split(_FAILED)[1][:160].strip()}")
    if "<no value>" in text:
        return Finding(good=False, text=f"a template uses a label that the alert does not have: {text[:120]}")
    summary = notes.get("summary", "")
    if not victim:
        return Finding(good=True, text=f"it says: “{summary}”", weight=0)
    return either(
        bool(labels.get(victim)) and labels[victim] in text,
        f"its words name the {victim}: “{summary}”",
        f"its words do not say which {victim}: use {{{{ $labels.{victim} }}}}",
    )


def _rendered(rules: RuleFile, run: Run, folder: Path) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
    """Return labels and annotations of the first alert that fires, as promtool renders them."""
    fired = ((at, alert) for at, alerts in sorted(run.steps.items()) for alert in alerts if alert.firing)
    at, alert = next(fired, (0, None))
    if alert is None:
        return None
    content: dict[str, Any] = json.loads((folder / f"case-{run.number:03d}.yml").read_text("utf-8"))
    content["rule_files"] = [rules.copy]
    test = content["tests"][0]
    del test["promql_expr_test"]
    test["alert_rule_test"] = [{"eval_time": f"{at}s", "alertname": alert.name, "exp_alerts": []}]
    (folder / "words.yml").write_text(json.dumps(content), "utf-8")
    found = _RENDERED.findall(run_tests_of([folder / "words.yml"], folder).output)
    parts = [labels_of(text) for _, text in found[:2]]
    return (parts[0], parts[1]) if len(parts) == 2 else None


def of_the_cost(rules: RuleFile, recordings: list[Recording]) -> Finding:
    """Return how many series an evaluation reads in the busiest healthy recording."""
    healthy = (recording for recording in recordings if recording.about.kind == "healthy")
    touched = max((sum(1 for _ in recording.series(rules.metrics)) for recording in healthy), default=0)
    cheap = touched <= _MOST_SERIES
    return Finding(cheap, f"reads {touched} series when all is well", weight=0 if cheap else 1)
