"""A bot's conversations: beginning one, answering in turn, and ending it so that nothing is left over."""

import asyncio

import structlog
from opentelemetry import trace
from opentelemetry.trace import Tracer

from rabbit_chatter.bots.conversation import Conversation
from rabbit_chatter.bots.ears import LINGER_SECONDS, Ears
from rabbit_chatter.bots.pacing import Pace
from rabbit_chatter.bots.voice import Voice
from rabbit_chatter.bots.world import World
from rabbit_chatter.clock import monotonic
from rabbit_chatter.errors import BadMessageError, ChatterError, PublishError, UnroutableError
from rabbit_chatter.messages import Kind, Message, Reason, new_id
from rabbit_chatter.telemetry import conventions as c

MOST_CONVERSATIONS = 50  # a stranger may invite as often as it likes
PATIENCE_SECONDS = 60.0
TURN_SECONDS = 10.0
SIGN_SECONDS = LINGER_SECONDS + 1  # whoever merely lingers listens no more by then
_LOOK_SECONDS = 0.3
GOODBYE = "Bye!"

log = structlog.get_logger()


class Talk:
    """All conversations of one bot.

    Args:
        name: the bot's.
        voice: finds the words.
        pace: how long that takes.
        world: the surroundings.
        tracer: the bot's own.
    """

    def __init__(self, name: str, voice: Voice, pace: Pace, world: World, tracer: Tracer) -> None:
        self._name = name
        self._voice = voice
        self._pace = pace
        self._world = world
        self._tracer = tracer
        self._ears = Ears(name, voice.name, self._hear, tracer, world)
        self._conversations: dict[str, Conversation] = {}
        self._last_words: dict[str, list[Conversation]] = {}  # theirs, by partner with whom we still talk
        self._leaving = False

    @property
    def open(self) -> int:
        """How many conversations this bot takes part in."""
        return len(self._conversations)

    @property
    def partners(self) -> set[str]:
        """Who this bot is talking with."""
        return {conversation.partner for conversation in self._conversations.values()}

    async def start(self, partner: str) -> None:
        """Call ``partner``, who will speak first, as on the telephone.

        Each bot declares and deletes only the queue that it listens to itself, so nothing is said before the
        other end is there to hear it. The whole conversation hangs under this span.

        Raises:
            NotConfirmedError: the broker is away.
        """
        conversation = Conversation(new_id(), partner, monotonic())
        attributes = {c.CONVERSATION_ID: conversation.id, c.DIALECT: self._voice.name}
        with self._tracer.start_as_current_span("converse", attributes=attributes):
            await self._begin(conversation)
            try:
                await self._world.publisher.publish(self._message(conversation, Kind.INVITE, ""))
            except UnroutableError:  # the directory was older than the bot's leaving
                self._end(conversation, "unroutable")
            except PublishError:
                self._end(conversation, "failed")
                raise

    async def accept(self, invite: Message) -> None:
        """Pick up: listen to who invited us, and greet.

        Raises:
            BadMessageError: this bot has too many conversations.
        """
        conversation = self._conversations.get(invite.conversation or "")
        if conversation is None:
            conversation = Conversation(invite.conversation or "", invite.sender, monotonic())
            if self._leaving:
                await self._speak(conversation, GOODBYE, last=True)
                return
            await self._begin(conversation)
        if conversation.spoken < 0:
            await self._speak(conversation, await self._voice.open(invite.sender))

    async def leave(self) -> None:
        """Say goodbye to everybody, read what crossed it, and stop listening."""
        self._leaving = True
        await self._until_our_turn()
        for conversation in list(self._conversations.values()):
            if conversation.begun and not conversation.over:
                await self._speak(conversation, GOODBYE, last=True)
        await self._until_silent()
        for conversation in list(self._conversations.values()):
            self._end(conversation, "left")
        await self._ears.closed()  # until then the name is not free: its queues are still read

    async def _until_our_turn(self) -> None:
        """Let everybody say what they are about to say: it is answered with a goodbye, and nothing crosses.

        A process that ends has no time for that, nor do we wait for whoever is slow.
        """
        end = monotonic() + TURN_SECONDS
        while monotonic() < end and not self._world.hurry.is_set():
            if all(one.over for one in self._conversations.values()):
                return
            await self._world.pause(_LOOK_SECONDS)

    async def _until_silent(self) -> None:
        """Wait until each partner has said goodbye as well, or has heard ours and so listens no more.

        That our goodbye left its queue would prove nothing: the partner may not have read it yet.
        """
        end, sign = monotonic() + PATIENCE_SECONDS, monotonic() + SIGN_SECONDS
        while waiting := [one for one in self._conversations.values() if one.begun]:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                for conversation in waiting:
                    if await self._ears.heard_out(conversation.partner):
                        conversation.silent = True
                        self._end(conversation, "left")
                    elif monotonic() > sign:
                        await self._give_sign(conversation.partner)
            except ChatterError as error:
                log.debug("bot.left_unheard", bot=self._name, error=str(error))
                return
            if monotonic() > end:
                return

    async def _give_sign(self, partner: str) -> None:
        """Answer goodbyes of a partner that leaves, too, if it still listens: it may be waiting for that.

        Two that called each other have two conversations. Where each had the last word in one of them, each
        would see the other listen, because of the other one, and neither would go.
        """
        if await self._ears.is_heard_by(partner):
            for conversation in self._last_words.pop(partner, ()):
                conversation.pending = self._message(conversation, Kind.DM, GOODBYE, last=True)
                await self._speak(conversation, "")

    def abandon_silent(self) -> None:
        """End conversations whose partner has said nothing for too long."""
        now = monotonic()
        for conversation in list(self._conversations.values()):
            if now - conversation.active > PATIENCE_SECONDS and not conversation.speaking.locked():
                self._end(conversation, "abandoned")

    async def _begin(self, conversation: Conversation) -> None:
        if len(self._conversations) >= MOST_CONVERSATIONS:
            raise BadMessageError(Reason.BUSY, f"{self._name} has {MOST_CONVERSATIONS} conversations already")
        await self._ears.open(conversation.partner, conversation.id)
        self._conversations[conversation.id] = conversation

    async def _hear(self, message: Message) -> None:
        """Read a message, and answer if it is our turn."""
        if message.to != self._name:
            raise BadMessageError(Reason.NOT_FOR_ME, f"it is for {message.to}, not for {self._name}")
        conversation = self._conversations.get(message.conversation or "")
        if conversation is None and self._leaving:
            return
        if conversation is None:  # a stranger that did not ask, or one that we gave up
            conversation = Conversation(message.conversation or "", message.sender, monotonic())
            await self._begin(conversation)
        before = list(conversation.history)
        answer_due = conversation.hear(message, monotonic())
        await self._world.pause(self._pace.reading(message.text))
        if answer_due and conversation.pending is None:
            text = None if self._leaving else await self._voice.answer(before, message.text)
            last, text = text is None, GOODBYE if text is None else text
            await self._world.pause(self._pace.typing(text))
            await self._speak(conversation, text, last=last)
        elif answer_due:
            await self._speak(conversation, "")
        if conversation.over and (conversation.silent or not self._leaving):
            async with conversation.speaking:  # a goodbye of ours may cross: then until the broker has it
                self._end(conversation, "left" if self._leaving else "finished")

    async def _speak(self, conversation: Conversation, text: str, *, last: bool = False) -> None:
        """Say ``text``, or what was about to be said when the connection was lost."""
        async with conversation.speaking:
            if conversation.over and conversation.pending is None:
                return  # goodbye was said while we looked for words
            message = conversation.pending or self._message(
                conversation, Kind.DM, text, last=last or conversation.is_last_turn
            )
            conversation.pending = message
            trace.get_current_span().set_attribute(c.TURN, message.turn)
            try:
                await self._world.publisher.publish(message)
            except PublishError as error:
                log.warning("bot.gave_up", bot=self._name, partner=conversation.partner, error=str(error))
                self._end(conversation, "failed")
                return
            conversation.said(message, monotonic())
        log.info(
            "message.said",
            bot=self._name,
            to=conversation.partner,
            conversation=conversation.id,
            message_id=message.id,
            turn=message.turn,
        )

    def _message(self, conversation: Conversation, kind: Kind, text: str, *, last: bool = False) -> Message:
        return Message(
            id=new_id(),
            kind=kind,
            sender=self._name,
            text=text,
            to=conversation.partner,
            conversation=conversation.id,
            turn=conversation.next_turn,
            last=last,
            dialect=self._voice.name,
        )

    def _end(self, conversation: Conversation, outcome: str) -> None:
        if self._conversations.pop(conversation.id, None) is None:
            return
        conversation.over = True  # should an answer still be in the making
        if conversation.partner not in self.partners:
            self._last_words.pop(conversation.partner, None)
        elif conversation.silent and conversation.heard > conversation.spoken:
            self._last_words.setdefault(conversation.partner, []).append(conversation)
        self._world.metrics.ended.labels(outcome).inc()
        log.info("conversation.ended", bot=self._name, conversation=conversation.id, outcome=outcome)
        crossing = outcome == "finished" and not conversation.silent
        self._ears.close(conversation.partner, conversation.id, silent=conversation.silent, crossing=crossing)
