"""What the queue-manager answers; the OpenAPI document is made from these.

Entries of lists are dataclasses: a page may have a thousand, and pydantic's models take ten times as long
to make. What they are made of was checked when it was read.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

BotName = Annotated[str, Field(description="3 to 20 of the characters a-z and 0-9", examples=["merryotter"])]
Depth = Annotated[int, Field(description="messages in the queue, ready and unacknowledged", examples=[2])]
InstanceName = Annotated[str, Field(description="name of the process", examples=["laptop-4711"])]
Consumers = Annotated[int, Field(description="who reads it; 0: nobody does", examples=[1])]


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that is chatting now."""

    name: BotName
    dialect: Annotated[
        str, Field(description="how it talks; empty if it does not say", examples=["gibberish"])
    ]
    instance: InstanceName
    messages: Annotated[int, Field(description="messages waiting in its inbox", examples=[0])]


@dataclass(frozen=True, slots=True)
class Direction:
    """What one of two bots says to the other."""

    sender: Annotated[
        str, Field(serialization_alias="from", description="who speaks", examples=["merryotter"])
    ]
    to: Annotated[str, Field(description="who listens", examples=["zestyyak"])]
    queue: Annotated[str, Field(description="the queue it travels through", examples=["merryotter-zestyyak"])]
    messages: Depth
    consumers: Consumers


@dataclass(frozen=True, slots=True)
class Conversation:
    """Two bots that talk, or did until their queues expire."""

    between: Annotated[
        tuple[str, str], Field(description="the two, by name", examples=[("merryotter", "zestyyak")])
    ]
    messages: Annotated[int, Field(description="messages in the queues of both directions", examples=[2])]
    directions: Annotated[list[Direction], Field(description="one or two")]


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue of the network, of whatever purpose."""

    name: Annotated[str, Field(examples=["merryotter-zestyyak"])]
    type: Annotated[str, Field(description="classic, quorum or stream", examples=["classic"])]
    messages: Depth
    ready: Annotated[int, Field(description="messages that wait for a consumer", examples=[1])]
    unacknowledged: Annotated[int, Field(description="messages in a consumer's hands", examples=[1])]
    consumers: Consumers
    memory: Annotated[int, Field(description="bytes of the queue's process in RabbitMQ", examples=[17920])]
    publish_rate: Annotated[float, Field(description="messages in, per second", examples=[0.4])]
    deliver_rate: Annotated[float, Field(description="messages out, per second", examples=[0.4])]
    idle_since: Annotated[
        str | None,
        Field(
            description="since when nothing happened; null while something does",
            examples=["2026-01-31T09:30:00.000+00:00"],
        ),
    ]
    head_message_timestamp: Annotated[
        int | None,
        Field(
            description="when the oldest message was sent, in seconds since 1970; RabbitMQ 3 only",
            examples=[1769851800],
        ),
    ]


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """A process of rabbit-chatter that is connected to RabbitMQ."""

    component: Annotated[str, Field(description="what it is", examples=["bots"])]
    instance: InstanceName
    version: Annotated[str, Field(description="of rabbit-chatter", examples=["0.1.0"])]
    metrics: Annotated[
        str, Field(description="host:port of its /metrics; may be empty", examples=["127.0.0.1:8090"])
    ]


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Targets of Prometheus, as its HTTP service discovery wants them."""

    targets: Annotated[
        list[str], Field(description="host:port, here always one", examples=[["127.0.0.1:8090"]])
    ]
    labels: Annotated[
        dict[str, str],
        Field(
            description="`component` stays on every series; the others are for relabelling only",
            examples=[{"component": "bots", "__meta_chatter_instance": "laptop-4711"}],
        ),
    ]


class Answer(BaseModel):
    """Every answer says how old it is."""

    model_config = ConfigDict(frozen=True)

    stale: bool = Field(
        description="true while RabbitMQ's management API does not answer: this is what was known last",
        examples=[False],
    )
    age_seconds: float = Field(description="seconds since RabbitMQ said this", examples=[0.8])


class Page(Answer):
    """An answer that is part of a list."""

    total: int = Field(description="length of the whole list", examples=[40])


class Bots(Page):
    """Bots, by name."""

    bots: list[Bot]


class Conversations(Page):
    """Conversations, by the names of the bots."""

    conversations: list[Conversation]


class Queues(Page):
    """Queues, in the order that was asked for."""

    queues: list[Queue]


class Stats(Answer):
    """The network in figures."""

    queues: int = Field(description="queues of every purpose", examples=[84])
    bots: int = Field(description="bots that are chatting", examples=[40])
    conversations: int = Field(description="pairs of bots with queues between them", examples=[20])
    messages_ready: int = Field(description="messages waiting, the archive not counted", examples=[12])
    messages_unacknowledged: int = Field(description="messages in consumers' hands", examples=[3])
    by_dialect: dict[str, int] = Field(
        description="bots per dialect", examples=[{"gibberish": 30, "echo": 10}]
    )
    components: list[Component]


class Problem(BaseModel):
    """Why there is no answer, and what to do."""

    error: str = Field(description="a word for programs", examples=["unreachable"])
    detail: str = Field(
        description="a sentence for people",
        examples=["RabbitMQ's management API at http://127.0.0.1:15672 does not answer; check that …"],
    )
