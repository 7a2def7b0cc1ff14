"""What can be said of a PromQL expression without running it: words, not a grammar. promtool knows that."""

import difflib
import re
from collections.abc import Collection

_COMMENTS = re.compile(r"#[^\n]*")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
_SELECTORS = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
_LABEL_LISTS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", re.IGNORECASE)
_WORDS = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\w*\s*\()")
_OPERATORS = frozenset(
    "and or unless bool offset by without on ignoring group_left group_right inf nan start end atan2".split()
)
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w|y)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_RATE = re.compile(r"\b(?:rate|irate|increase)\s*\(\s*([a-zA-Z_:][\w:]*)")
_COUNTS = ("_total", "_count", "_sum", "_bucket")


def bare(expression: str) -> str:
    """Return ``expression`` without comments, and with empty strings."""
    return _COMMENTS.sub("", _STRINGS.sub('""', expression))


def metrics_of(expression: str) -> set[str]:
    """Return the names of metrics: words that are no function, label or operator."""
    rest = _LABEL_LISTS.sub(" ", _SELECTORS.sub(" ", bare(expression)))
    rest = re.sub(r"\boffset\s+-?\w+", " ", rest)
    rest = re.sub(r"@\s*[\w.]+", " ", rest)
    return {word for word in _WORDS.findall(rest) if word.lower() not in _OPERATORS}


def names_by_pattern(expression: str) -> bool:
    """Return whether metrics are chosen by a pattern or a string, so that any may be meant."""
    return "__name__" in expression or re.search(r"(^|[\s(])\{", bare(expression)) is not None


def ranges_of(expression: str) -> list[float]:
    """Return the lengths of all ranges and subqueries, in seconds."""
    return [seconds(found) for found in re.findall(r"\[([^\]:]+)", bare(expression))]


def seconds(duration: str) -> float:
    """Return how long ``1m30s`` is; 0 if it is no duration."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))


def gauges_in_rate(expression: str) -> list[str]:
    """Return the metrics of which a rate is taken although they may fall: their names are no counter's."""
    found = _RATE.findall(bare(expression))
    return sorted({name for name in found if not name.endswith(_COUNTS) and ":" not in name})


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that ``name`` was probably meant to be."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None
