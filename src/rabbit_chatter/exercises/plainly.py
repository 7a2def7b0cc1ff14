"""What promtool's messages mean, for somebody who sees them for the first time."""

import re

_MEANINGS = (
    (
        r"field (\S+) not found in type rulefmt\.RuleGroups?\b",
        "`{0}` is not known here: on top there is `groups:`, and in a group `name:` and `rules:`",
    ),
    (
        r"field (\S+) not found in type",
        "`{0}` is no field of a rule; there are alert, record, expr, for, keep_firing_for, labels and so on",
    ),
    (r"not a valid duration string: \\?\"(.*?)\\?\"", "`{0}` is no duration: write 30s, 1m or 1m30s"),
    (r"unclosed left parenthesis", "a `(` is never closed"),
    (r"unexpected right parenthesis", "there is a `)` too many, or something is missing before it"),
    (r"unclosed left brace|unexpected end of input inside braces", "a `{{` is never closed"),
    (r"unterminated quoted string", "a quote is never closed"),
    (r"unexpected end of input", "the expression ends too early: something is missing after its last word"),
    (
        r"expected type range vector in call to function \"(\w+)\"",
        "{0}() needs a window: write {0}(metric[1m])",
    ),
    (
        r"expected type instant vector in call to function \"(\w+)\", got range vector",
        "{0}() takes no window: leave out the [..]",
    ),
    (
        r"expected type instant vector in aggregation expression, got range vector",
        "an aggregation takes no window: leave out the [..], or put rate(..[1m]) around the metric",
    ),
    (r"expected type (.+) in (.+), got (.+)", "wrong type in {1}: {0} is needed, but there is {2}"),
    (r"ranges only allowed for vector selectors", "a window [..] can follow a metric only, not a `)`"),
    (r"unknown function with name \"(\w+)\"", "there is no function {0}()"),
    (r"unexpected <op:(.+?)>", "the operator `{0}` stands where something else is needed"),
    (r"unexpected \"=\"|unexpected character: '='", "`=` compares labels inside {{ }}; numbers take =="),
    (
        r"undefined variable \"(\S+?)\"",
        "a template uses {0}, which does not exist: there are $labels, $value and $externalLabels",
    ),
    (r"groupname: \"(.*?)\" is repeated", "two groups are called {0}"),
    (r"field 'expr' must be set", "a rule has no `expr`"),
    (r"one of 'record' or 'alert' must be set", "a rule has neither `alert` nor `record`"),
    (r"only one of 'record' and 'alert' must be set", "a rule has both `alert` and `record`"),
    (r"invalid recording rule name", "a recording rule's name may have letters, digits, _ and : only"),
    (r"invalid label name", "a label's name may have letters, digits and _ only"),
    (r"not a vector or scalar", "the result is a range or a text; put a function around it"),
    (r"template: .*?: (.+)", "a template is wrong: {0}"),
    (
        r"many-to-many matching|many-to-one matching|duplicate series",
        "the two sides of an operator do not match one to one; say `on (label)`, or sum one side first",
    ),
)


def plainly(message: str) -> str | None:
    """Return what ``message`` means, or ``None``: then its own words must do."""
    for pattern, meaning in _MEANINGS:
        if found := re.search(pattern, message):
            return meaning.format(*found.groups())
    return None
