"""Read what a student wrote, whatever it is: huge, binary, hostile or merely with a tab in it."""

import re
from pathlib import Path
from typing import Any

import yaml

LARGEST = 256 * 1024  # bytes; the shipped rules have 25 kB altogether
_ALIASES = 50
_DEEPEST = 40


class Unreadable(Exception):  # noqa: N818 - it is a verdict, not a failure of ours
    """The file cannot be judged; the message says why, in the student's words, and where."""


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        Unreadable: it is missing, empty, too large, or no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise Unreadable(f"{path.name} is not there: `rabbit-chatter exercise start` puts it there") from None
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise Unreadable(f"{path.name} is larger than {LARGEST // 1024} KiB: an answer is a few lines")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(f"{path.name} is not a text file in UTF-8") from None
    if "\0" in text:
        raise Unreadable(f"{path.name} is not a text file")
    if not text.strip():
        raise Unreadable(f"{path.name} is empty: write your answer, or `rabbit-chatter exercise reset`")
    return text


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return the content of a YAML file, in plain lists, dictionaries and scalars.

    Raises:
        Unreadable: as :func:`read_text`, or it is no YAML, or a bomb of anchors.
    """
    return parse_yaml(read_text(path), path.name)


def parse_yaml(text: str, name: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return the content of a YAML text; see :func:`read_yaml`."""
    try:
        _check_events(text, name)
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_translate(error, text, name)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"{name} is not valid YAML: {error}") from None


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _check_events(text: str, name: str) -> None:
    """Refuse anchors that multiply and nesting without end, before anything is built from them."""
    aliases = depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent))
        depth -= isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent))
        if aliases > _ALIASES or depth > _DEEPEST:
            what = "aliases (`*name`)" if aliases > _ALIASES else "nested levels"
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise Unreadable(f"{name}, line {line}: too many {what}; write it out")


def _translate(error: yaml.MarkedYAMLError, text: str, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    source = (text.splitlines() or [""])[min(line, len(text.splitlines()) - 1)]
    problem = str(error.problem or error.context)
    if "\t" in source[: len(source) - len(source.lstrip())]:
        return f"{name}, line {line + 1}: the line begins with a tab; YAML is indented with spaces only"
    if "mapping values are not allowed" in problem:
        return (
            f"{name}, line {line + 1}: a second `: ` in one line. Put text that contains `: ` into quotes, "
            "or check the indentation of the line before"
        )
    if "found unknown escape" in problem:
        return f"{name}, line {line + 1}: a backslash in double quotes; use single quotes, or double it"
    if re.search(r"expected <block end>|did not find expected", problem):
        return f"{name}, line {line + 1}: the line is indented unlike its neighbours, or a quote is open"
    return f"{name}, line {line + 1}: not valid YAML ({problem})"
