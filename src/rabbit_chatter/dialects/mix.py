"""Which dialects a population speaks, and how many bots each."""

from rabbit_chatter.errors import UnknownDialectError


def parse_mix(text: str) -> dict[str, float]:
    """Return weights by dialect from ``eliza=3,gibberish=1``; a name alone weighs 1.

    Raises:
        UnknownDialectError: a part is no ``name`` or ``name=weight``, or a weight is not above 0.
    """
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, weighed, weight = part.partition("=")
        name = name.strip()
        try:
            mix[name] = float(weight) if weighed else 1
        except ValueError:
            mix[name] = 0
        if not name or not 0 < mix[name] < float("inf"):
            raise UnknownDialectError(f"{part!r} is no dialect with a weight, such as echo or echo=2")
    return mix
