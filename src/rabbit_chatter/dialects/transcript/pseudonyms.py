"""People's names and numbers, replaced before a bot says them.

Who spoke gets a name of ours, the same wherever it is mentioned. Addresses, links and numbers of three digits
or more become signs. That is no anonymity: somebody else's name, mentioned in a text, is not known to be one,
and a story may tell who it is about. Use exports of people who agree.
"""

import random
import re
from collections.abc import Iterable

from rabbit_chatter.names import bot_names

_LINK = re.compile(r"\b(?:https?://|www\.)\S+[^\s.,;:!?)]", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_NUMBER = re.compile(r"\+?\d(?:[ ()/.-]{0,2}\d){2,}")
_PART = re.compile(r"[^\W\d_]{2,}")
_MYSELF = {
    "me",
    "you",
    "ich",
    "du",
    "yo",
    "tú",
    "moi",
    "io",
    "eu",
    "ik",
    "я",
    "ja",
}  # exports say so for a name
_AT_ONCE = 2_000  # names in one expression


class Pseudonyms:
    """What everybody is called instead.

    Args:
        names: of all who spoke; whole, in parts and in any case they are replaced.
    """

    def __init__(self, names: Iterable[str]) -> None:
        invented = bot_names(random.Random("pseudonyms"))  # noqa: S311 - a game
        self._of: dict[str, str] = {}
        for name in names:
            pseudonym = next(invented)
            parts = [part for part in _PART.findall(name) if not part.islower()]
            for part in (name, *parts):
                if part.casefold() not in _MYSELF:
                    self._of.setdefault(part.casefold(), pseudonym)
        known = sorted((part for part in self._of if len(part) > 1), key=len, reverse=True)
        self._patterns = [
            re.compile(
                rf"(?<!\w)(?:{'|'.join(map(re.escape, known[start : start + _AT_ONCE]))})(?!\w)",
                re.IGNORECASE,
            )
            for start in range(0, len(known), _AT_ONCE)
        ]

    def hide(self, text: str) -> str:
        """Return ``text`` without names, addresses, links and numbers."""
        text = _NUMBER.sub("###", _MAIL.sub("[mail]", _LINK.sub("[link]", text)))
        for pattern in self._patterns:
            text = pattern.sub(lambda found: self._of.get(found[0].casefold(), "somebody").capitalize(), text)
        return text
