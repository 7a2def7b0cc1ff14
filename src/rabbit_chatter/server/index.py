"""What the lines kept say about conversations and bots.

Both are a function of the ring alone: a line that leaves it leaves here too. So memory is bounded by the
ring's, and a server that starts again and reads the same lines knows the same as before.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum

from rabbit_chatter.messages import Kind
from rabbit_chatter.server.line import Line


class State(StrEnum):
    """Whether a conversation goes on; a metric label, so the set is closed."""

    OPEN = "open"
    ENDED = "ended"


@dataclass(eq=False, slots=True)
class Conversation:
    """An exchange between two bots, as far as it is kept.

    Attributes:
        id: chosen by the bot that began it.
        lines: its lines in order.
        voices: who sent or was sent how many of them.
        turns: how many are direct messages.
    """

    id: str
    lines: deque[Line] = field(default_factory=deque)
    voices: Counter[str] = field(default_factory=Counter)
    turns: int = 0

    @property
    def state(self) -> State:
        """Ended once the latest line said that it is the last; a partner that died leaves it open."""
        return State.ENDED if self.lines[-1].last else State.OPEN

    def add(self, line: Line) -> None:
        """Take a new line."""
        self.lines.append(line)
        self.voices.update(_voices(line))
        self.turns += line.kind is Kind.DM

    def drop(self) -> None:
        """Forget the oldest line."""
        line = self.lines.popleft()
        self.voices.subtract(_voices(line))
        self.voices += Counter()  # drops those with nothing left
        self.turns -= line.kind is Kind.DM


@dataclass(eq=False, slots=True)
class Bot:
    """Somebody who said something that is kept.

    Attributes:
        name: of the bot.
        lines: what it said, in order.
        tweets: those lines that are tweets.
        partners: with whom it shares how many lines that it sent.
    """

    name: str
    lines: deque[Line] = field(default_factory=deque)
    tweets: deque[Line] = field(default_factory=deque)
    partners: Counter[str] = field(default_factory=Counter)

    def add(self, line: Line) -> None:
        """Take a new line."""
        self.lines.append(line)
        if line.kind is Kind.TWEET:
            self.tweets.append(line)
        elif line.to is not None:
            self.partners[line.to] += 1

    def drop(self) -> None:
        """Forget the oldest line."""
        line = self.lines.popleft()
        if line.kind is Kind.TWEET:
            self.tweets.popleft()
        elif line.to is not None:
            self.partners[line.to] -= 1
            if not self.partners[line.to]:
                del self.partners[line.to]


class Index:
    """Conversations and bots by name, those with the latest line last."""

    def __init__(self) -> None:
        self.conversations: dict[str, Conversation] = {}
        self.bots: dict[str, Bot] = {}
        self.states: Counter[State] = Counter()

    def add(self, line: Line) -> None:
        """Take a new line."""
        bot = self.bots.pop(line.sender, None) or Bot(line.sender)
        bot.add(line)
        self.bots[line.sender] = bot
        if line.conversation is None:
            return
        talk = self.conversations.pop(line.conversation, None)
        if talk is None:
            talk = Conversation(line.conversation)
        else:
            self.states[talk.state] -= 1
        talk.add(line)
        self.states[talk.state] += 1
        self.conversations[talk.id] = talk

    def drop(self, line: Line) -> None:
        """Forget a line, which is the oldest of all."""
        bot = self.bots[line.sender]
        bot.drop()
        if not bot.lines:
            del self.bots[line.sender]
        if line.conversation is None:
            return
        talk = self.conversations[line.conversation]
        state = talk.state
        talk.drop()
        if not talk.lines:
            self.states[state] -= 1
            del self.conversations[line.conversation]


def _voices(line: Line) -> list[str]:
    return [line.sender, line.to] if line.to is not None else [line.sender]
