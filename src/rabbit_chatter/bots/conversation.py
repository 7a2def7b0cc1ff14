"""A conversation as one of its two bots sees it: whose turn it is, and when it is over."""

from collections import deque
from dataclasses import dataclass, field

from rabbit_chatter.dialects import Line
from rabbit_chatter.messages import Message

TURN_LIMIT = 12
_REMEMBERED_LINES = 20


@dataclass
class Conversation:
    """What one bot knows of a conversation.

    Attributes:
        id: its id, the same at both ends.
        partner: the other bot.
        active: seconds on the monotonic clock when something was last said.
        turn_limit: messages after which it ends; this also bounds its trace.
        history: the last lines, oldest first.
        next_turn: number of the next message.
        over: nothing more will be said.
    """

    id: str
    partner: str
    active: float
    turn_limit: int = TURN_LIMIT
    history: deque[Line] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_LINES))
    next_turn: int = 0
    over: bool = False

    def hear(self, message: Message, now: float) -> bool:
        """Take in what the partner said; return whether an answer is expected.

        A turn that was heard before is not answered again: the first answer may be on its way.
        """
        self.active = now
        if message.turn < self.next_turn:
            return False
        self.history.append(Line(message.sender, message.text))
        self.next_turn = message.turn + 1
        self.over = self.over or message.last or self.next_turn >= self.turn_limit
        return not self.over

    def said(self, speaker: str, text: str, now: float, *, last: bool) -> None:
        """Note what we said ourselves."""
        self.history.append(Line(speaker, text))
        self.active = now
        self.next_turn += 1
        self.over = self.over or last

    @property
    def is_last_turn(self) -> bool:
        """Whether the message we say now must be the last."""
        return self.next_turn >= self.turn_limit - 1
