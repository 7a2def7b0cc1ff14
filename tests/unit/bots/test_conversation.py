import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabbit_chatter.bots.conversation import Conversation
from rabbit_chatter.messages import Kind, Message


def dm(sender: str, turn: int, *, last: bool = False) -> Message:
    """Return one message of a conversation between anna and berta."""
    to = "berta" if sender == "anna" else "anna"
    return Message(f"{sender}-{turn}", Kind.DM, sender, f"turn {turn}", to, "c1", turn, last)


def annas(turn_limit: int = 12) -> Conversation:
    """Return anna's side of it."""
    return Conversation("c1", "berta", 0.0, turn_limit)


def say(side: Conversation, me: str) -> Message:
    """Let one side say what is due."""
    message = dm(me, side.next_turn, last=side.is_last_turn)
    side.said(message, 1.0)
    return message


@given(st.integers(2, 40))
def test_turns_alternate_up_to_the_limit(limit: int) -> None:
    """Whoever is called speaks first; then both speak in turn, as often as the limit says."""
    sides = {"anna": annas(limit), "berta": Conversation("c1", "anna", 0.0, limit)}
    speaker, listener = "anna", "berta"
    spoken = [say(sides[speaker], speaker)]
    while sides[listener].hear(spoken[-1], 2.0):
        speaker, listener = listener, speaker
        spoken.append(say(sides[speaker], speaker))
    assert [message.turn for message in spoken] == list(range(limit))
    assert [message.sender for message in spoken] == [("anna", "berta")[turn % 2] for turn in range(limit)]
    assert [message.last for message in spoken] == [False] * (limit - 1) + [True]
    assert sides["anna"].over
    assert sides["berta"].over


def test_goodbye_is_not_answered() -> None:
    """The last message ends it for both."""
    side = annas()
    assert not side.hear(dm("berta", 0, last=True), 1.0)
    assert side.over


def test_only_the_partners_own_goodbye_makes_it_silent() -> None:
    """After our goodbye the partner may still speak; after its own, or one that crossed ours, it will not."""
    side = annas()
    side.hear(dm("berta", 0), 1.0)
    side.said(dm("anna", 1, last=True), 1.0)
    assert side.over
    assert not side.silent
    assert not side.hear(dm("berta", 1, last=True), 2.0)
    assert side.silent


def test_a_stranger_cannot_talk_beyond_the_limit() -> None:
    """A turn beyond the limit ends the conversation, even if it does not say that it is the last."""
    side = annas(turn_limit=4)
    assert not side.hear(dm("berta", 1000), 1.0)
    assert side.over


def test_repeated_turn_is_answered_if_it_was_not_yet() -> None:
    """A message that comes again after a lost connection is answered, and stands in the history once."""
    side = annas()
    assert side.hear(dm("berta", 0), 1.0)
    assert side.hear(dm("berta", 0), 2.0)
    assert [line.text for line in side.history] == ["turn 0"]


def test_repeated_turn_is_not_answered_twice() -> None:
    """What was answered is not answered again, nor is anything older."""
    side = annas()
    side.hear(dm("berta", 0), 1.0)
    assert say(side, "anna").turn == 1
    assert not side.hear(dm("berta", 0), 3.0)
    side.hear(dm("berta", 2), 4.0)
    assert not side.hear(dm("berta", 0), 5.0)
    assert side.next_turn == 3


def test_pending_words_are_kept_until_the_broker_has_them() -> None:
    """What we were about to say survives hearing the question again, and is forgotten once it is said."""
    side = annas()
    side.hear(dm("berta", 0), 1.0)
    side.pending = words = dm("anna", side.next_turn)
    assert side.hear(dm("berta", 0), 2.0)
    assert side.pending == words
    assert side.next_turn == words.turn
    side.said(words, 3.0)
    assert not side.pending
    assert not side.hear(dm("berta", 0), 4.0)


@given(st.lists(st.integers(-5, 5000), max_size=60))
def test_history_is_bounded_and_in_order(turns: list[int]) -> None:
    """Whatever turns arrive, the last twenty new ones are remembered, oldest first."""
    side = annas(turn_limit=10_000)
    for turn in turns:
        side.hear(dm("berta", turn), 1.0)
    heard = [int(line.text.removeprefix("turn ")) for line in side.history]
    assert heard == sorted(set(heard))
    assert len(heard) <= 20
    assert side.heard == max([-1, *turns])


@pytest.mark.parametrize("happening", ["hear", "said"])
def test_any_word_keeps_it_alive(happening: str) -> None:
    """A conversation is as silent as the last thing that was said in it, by either side."""
    side = annas()
    if happening == "hear":
        side.hear(dm("berta", 0), 42.0)
    else:
        side.said(dm("anna", 0), 42.0)
    assert side.active == 42.0
