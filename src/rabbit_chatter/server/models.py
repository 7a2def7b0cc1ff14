"""What the chat server answers; the OpenAPI document is made from these."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rabbit_chatter.messages import Kind
from rabbit_chatter.server.index import State

BotName = Annotated[str, Field(description="3 to 20 of the characters a-z and 0-9", examples=["merryotter"])]
ConversationId = Annotated[
    str,
    Field(description="chosen by the bot that began it", examples=["01980f6e-90b2-7c3a-b1de-3a0c4f6f2a11"]),
]
Moment = Annotated[
    str | None,
    Field(
        description="ISO 8601 in UTC with milliseconds; null where the sender did not say",
        examples=["2026-05-04T08:15:30.123Z"],
    ),
]
TraceId = Annotated[
    str | None, Field(description="32 hexadecimal digits", examples=["4bf92f3577b34da6a3ce929d0e0e4736"])
]


class Said(BaseModel):
    """One message. Its text is untrusted: show it as text, never as HTML."""

    model_config = ConfigDict(populate_by_name=True)

    offset: int = Field(description="its place in the stream; the order of everything", examples=[4711])
    id: str = Field(description="the message's id", examples=["01980f6e-9b41-7f2e-a5c3-0d9b8c7e6f51"])
    kind: Kind = Field(examples=[Kind.DM])
    sender: BotName = Field(alias="from")
    to: str | None = Field(description="null for a tweet", examples=["zestyyak"])
    text: str = Field(description="what was said", examples=["Have you seen my queue?"])
    conversation: str | None = Field(
        description="null for a tweet", examples=["01980f6e-90b2-7c3a-b1de-3a0c4f6f2a11"]
    )
    turn: int = Field(description="number within the conversation, from 0", examples=[3])
    last: bool = Field(description="nobody is expected to answer", examples=[False])
    dialect: str | None = Field(description="how the sender talks", examples=["gibberish"])
    sent: Moment
    trace_id: TraceId
    sampled: bool = Field(description="whether that trace was recorded", examples=[True])
    traceparent: str | None = Field(
        description="that header as it travelled",
        examples=["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    )


class Timeline(BaseModel):
    """Messages, newest first."""

    messages: list[Said]
    before: int | None = Field(
        description="pass it as `before` to read on; null when there is nothing older", examples=[4662]
    )


class Conversation(BaseModel):
    """An exchange between two bots, as far as it is kept."""

    id: ConversationId
    participants: list[BotName] = Field(description="who spoke or was spoken to, by name")
    state: State = Field(description="`open` until somebody says the last word")
    turns: int = Field(description="direct messages", examples=[8])
    started: Moment = Field(description="when its first message was sent")
    latest: Moment = Field(description="when its latest message was sent")
    trace_id: TraceId = Field(description="of its first message")


class Conversations(BaseModel):
    """Conversations, the one with the latest message first."""

    conversations: list[Conversation]
    total: int = Field(description="how many there are in all", examples=[61])


class Transcript(Conversation):
    """A conversation with what was said, in order."""

    messages: list[Said]


class Bot(BaseModel):
    """Somebody who said something that is kept."""

    name: BotName
    dialect: str | None = Field(description="how it talks", examples=["gibberish"])
    last_seen: Moment = Field(description="when it last said something")
    sent: int = Field(description="messages it sent", examples=[52])
    partners: dict[str, int] = Field(
        description="to whom it sent how many, most first; at most 20", examples=[{"zestyyak": 9}]
    )
    tweets: list[Said] = Field(description="its latest tweets, newest first; at most 10")


class Posted(BaseModel):
    """What became of a notification."""

    posted: int = Field(description="alerts that were new, and are in the timeline now", examples=[1])


class ActiveAlert(BaseModel):
    """An alert that fires. Its texts are untrusted."""

    fingerprint: str = Field(description="what Alertmanager knows it by", examples=["e1a2c9d0b3f4a5c6"])
    name: str = Field(examples=["ChatSilent"])
    severity: str = Field(examples=["page"])
    summary: str = Field(examples=["Nobody has said anything for a minute."])
    description: str
    labels: dict[str, str]
    since: datetime = Field(description="when it began")
    seconds: float = Field(description="for how long it has been firing", examples=[74.2])
    runbook: str = Field(description="name of its runbook, for /runbooks/{name}", examples=["ChatSilent"])
    graph: str = Field(description="address of a graph; may be empty")


class ActiveAlerts(BaseModel):
    """Alerts that fire now."""

    alerts: list[ActiveAlert]


class Event(BaseModel):
    """Something that happened during a span."""

    name: str = Field(examples=["exception"])
    at_us: int = Field(description="microseconds since 1970")
    attributes: dict[str, Any]


class Link(BaseModel):
    """A cause that is not the parent."""

    trace_id: str
    span_id: str


class Span(BaseModel):
    """A step of a trace."""

    trace_id: str = Field(examples=["4bf92f3577b34da6a3ce929d0e0e4736"])
    span_id: str = Field(examples=["00f067aa0ba902b7"])
    parent_id: str | None
    name: str = Field(examples=["process dm"])
    service: str = Field(examples=["bot-gibberish"])
    instance: str = Field(description="for bots, the bot", examples=["merryotter"])
    kind: str = Field(examples=["consumer"])
    start_us: int = Field(description="microseconds since 1970")
    duration_us: int = Field(description="microseconds", examples=[1747000])
    error: bool
    message: str = Field(description="why it is an error, if somebody said")
    attributes: dict[str, Any]
    events: list[Event]
    links: list[Link]


class Trace(BaseModel):
    """The spans of a trace that have arrived."""

    trace_id: str
    source: str = Field(description="`jaeger`, or `here` for the chat server's own store", examples=["here"])
    spans: list[Span]


class LogLines(BaseModel):
    """Log lines, oldest first; each as its process wrote it, with the name of the `process`."""

    lines: list[dict[str, Any]]


class Tools(BaseModel):
    """Where a browser finds the tools beside this page; null for what is not there."""

    prometheus: str | None = Field(examples=["http://127.0.0.1:9090"])
    alertmanager: str | None = Field(examples=["http://127.0.0.1:9093"])
    jaeger: str | None = Field(examples=["http://127.0.0.1:16686"])
    grafana: str | None = Field(examples=["http://127.0.0.1:3000"])
    rabbitmq: str | None = Field(examples=["http://127.0.0.1:15672"])
    logs: bool = Field(description="whether /traces/{trace_id}/logs finds log files")


class Depths(BaseModel):
    """How deep a queue was."""

    points: list[tuple[float, float]] = Field(description="seconds since 1970, messages")


class Node(BaseModel):
    """Part of a runbook: an element of few kinds, or a text."""

    tag: str = Field(description="of HTML; empty for a text", examples=["p"])
    text: str = ""
    href: str = ""
    children: "list[Node]" = []


class Runbook(BaseModel):
    """A runbook, taken apart, so that a page can build it without trusting any markup."""

    name: str = Field(examples=["ChatSilent"])
    parts: list[Node]


class Problem(BaseModel):
    """Why there is no answer, and what to do."""

    detail: str = Field(examples=["nobody called merryotter has said anything lately; see /timeline"])
