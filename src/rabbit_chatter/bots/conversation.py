"""A conversation as one of its two bots sees it: whose turn it is, and when it is over."""

import asyncio
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
        heard: number of the partner's last message, -1 before the first.
        spoken: number of our own last message, -1 before the first.
        pending: what we are about to say; kept until the broker has it, so that an interrupted answer is
            given again under the same id.
        over: nothing more will be said by us.
        silent: nothing more will be said by the partner: it said so, or is gone.
        speaking: held while we say something, so that a goodbye and an answer do not get the same number.
    """

    id: str
    partner: str
    active: float
    turn_limit: int = TURN_LIMIT
    history: deque[Line] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_LINES))
    heard: int = -1
    spoken: int = -1
    pending: Message | None = None
    over: bool = False
    silent: bool = False
    speaking: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False, repr=False)

    @property
    def next_turn(self) -> int:
        """Number of the next message, whoever says it."""
        return max(self.heard, self.spoken) + 1

    @property
    def begun(self) -> bool:
        """Whether anything was said: before that, an invited partner is not there to hear us."""
        return self.next_turn > 0

    @property
    def is_last_turn(self) -> bool:
        """Whether the message we say now must be the last."""
        return self.next_turn >= self.turn_limit - 1

    def hear(self, message: Message, now: float) -> bool:
        """Take in what the partner said; return whether an answer is due.

        What was heard before is answered only if it was not yet: handling it may have been interrupted by a
        lost connection, and then it is delivered again.
        """
        self.active = now
        self.silent = self.silent or message.last
        if message.turn > self.heard:
            self.heard = message.turn
            self.history.append(Line(message.sender, message.text))
            self.over = self.over or message.last or self.next_turn >= self.turn_limit
        return not self.over and message.turn == self.heard > self.spoken

    def said(self, message: Message, now: float) -> None:
        """Note that the broker has what we said."""
        self.pending = None
        self.spoken = message.turn
        self.history.append(Line(message.sender, message.text))
        self.active = now
        self.over = self.over or message.last
