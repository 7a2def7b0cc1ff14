"""The check of a runbook entry: does it have what somebody needs who has just been woken?"""

import re
from collections.abc import Iterator
from pathlib import Path

from rabbit_chatter.exercises.expressions import metrics_of
from rabbit_chatter.exercises.manifest import RunbookCheck
from rabbit_chatter.exercises.student import read_text
from rabbit_chatter.exercises.verdict import Finding

_WORDS = 8  # fewer say nothing
_LONGEST_SECTION = 250  # words; nobody reads more at night
_CODE = re.compile(r"```.*?\n(.*?)```|`([^`]+)`", re.DOTALL)
_STEP = re.compile(r"^\s*(?:[-*]|\d+[.)])\s+\S", re.MULTILINE)
_COMMAND = re.compile(
    r"\b(rabbit-chatter|rabbitmqctl|rabbitmq-diagnostics|curl|docker|make|kubectl|systemctl|amtool) \S"
)
_METRIC = re.compile(r"(chatter|messaging|rabbitmq|up|process|scrape)(_\w+)?")


def check_runbook(answer: Path, check: RunbookCheck) -> list[Finding]:
    """Return what is said of the page in ``answer``; see :func:`check_alert`."""
    text = re.sub(r"<!--.*?-->", "", read_text(answer), flags=re.DOTALL)
    parts = re.split(r"^##\s+(.+?)\s*$", text, flags=re.MULTILINE)
    sections = {title.lower(): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}
    heading = re.search(r"^#\s+(.+?)\s*$", parts[0], re.MULTILINE)
    titled = heading is not None and heading[1] == check.alert
    return [
        Finding(
            titled,
            f"the title is the alert's name, {check.alert}"
            if titled
            else f"the title should be the alert's name: # {check.alert}",
        ),
        Finding(
            "TODO" not in text, "nothing is left to do" if "TODO" not in text else "there is still a TODO"
        ),
        *(_of_a_section(name, sections.get(name.lower())) for name in check.sections),
        *_of_the_contents(sections),
    ]


def _of_a_section(name: str, body: str | None) -> Finding:
    if body is None:
        return Finding(good=False, text=f"there is no section “{name}”")
    words = len(re.findall(r"\w+", body))
    if words < _WORDS:
        return Finding(good=False, text=f"“{name}” says too little: {words} words")
    if words > _LONGEST_SECTION:
        return Finding(
            good=False, text=f"“{name}” has {words} words; nobody reads more than {_LONGEST_SECTION} at night"
        )
    return Finding(good=True, text=f"“{name}” is there")


def _of_the_contents(sections: dict[str, str]) -> Iterator[Finding]:
    diagnosis, mitigation = sections.get("diagnosis", ""), sections.get("mitigation", "")
    codes = [block or inline for block, inline in _CODE.findall(diagnosis)]
    query = any(_METRIC.fullmatch(name) for code in codes for name in metrics_of(code))
    yield Finding(
        query,
        "the diagnosis has a query to look at"
        if query
        else "the diagnosis has no query in `backticks` that somebody could paste",
    )
    steps = len(_STEP.findall(mitigation))
    yield Finding(
        steps >= 2,
        f"the mitigation has {steps} steps"
        if steps >= 2
        else "the mitigation is not a list of steps (at least two)",
    )
    command = any(_COMMAND.search(block or inline) for block, inline in _CODE.findall(mitigation))
    yield Finding(
        command,
        "the mitigation has a command"
        if command
        else "the mitigation has no command in `backticks` that somebody could run",
    )
