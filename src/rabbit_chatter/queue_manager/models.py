"""What the queue-manager answers; the OpenAPI document is made from these."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

BotName = Annotated[str, Field(description="3 to 20 of the characters a-z and 0-9", examples=["merryotter"])]
Depth = Annotated[int, Field(description="messages in the queue, ready and unacknowledged", examples=[2])]


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


class Bot(BaseModel):
    """A bot that is chatting now."""

    name: BotName
    dialect: str = Field(description="how it talks; empty if it does not say", examples=["gibberish"])
    instance: str = Field(description="process in which it lives", examples=["laptop-4711"])
    messages: int = Field(description="messages waiting in its inbox", examples=[0])


class Bots(Page):
    """Bots, by name."""

    bots: list[Bot]


class Direction(BaseModel):
    """What one of two bots says to the other."""

    model_config = ConfigDict(populate_by_name=True)

    sender: BotName = Field(serialization_alias="from")
    to: BotName
    queue: str = Field(description="the queue it travels through", examples=["merryotter-zestyyak"])
    messages: Depth
    consumers: int = Field(description="who reads it; 0 means that the other bot is gone", examples=[1])


class Conversation(BaseModel):
    """Two bots that talk, or did until their queues expire."""

    between: tuple[str, str] = Field(description="the two, by name", examples=[("merryotter", "zestyyak")])
    messages: int = Field(description="messages in the queues of both directions", examples=[2])
    directions: list[Direction] = Field(description="one or two")


class Conversations(Page):
    """Conversations, by the names of the bots."""

    conversations: list[Conversation]


class Queue(BaseModel):
    """One queue of the network, of whatever purpose."""

    name: str = Field(examples=["merryotter-zestyyak"])
    type: str = Field(description="classic, quorum or stream", examples=["classic"])
    messages: Depth
    ready: int = Field(description="messages that wait for a consumer", examples=[1])
    unacknowledged: int = Field(description="messages in a consumer's hands", examples=[1])
    consumers: int = Field(examples=[1])
    memory: int = Field(description="bytes of the queue's process in RabbitMQ", examples=[17920])
    publish_rate: float = Field(description="messages in, per second", examples=[0.4])
    deliver_rate: float = Field(description="messages out, per second", examples=[0.4])
    idle_since: str | None = Field(
        description="since when nothing happened; null while something does",
        examples=["2026-01-31T09:30:00.000+00:00"],
    )
    head_message_timestamp: int | None = Field(
        description="when the oldest message was sent, in seconds since 1970; RabbitMQ 3 only",
        examples=[1769851800],
    )


class Queues(Page):
    """Queues, in the order that was asked for."""

    queues: list[Queue]


class Component(BaseModel):
    """A process of rabbit-chatter that is connected to RabbitMQ."""

    component: str = Field(examples=["bots"])
    instance: str = Field(examples=["laptop-4711"])
    version: str = Field(examples=["0.1.0"])
    metrics: str = Field(description="host:port of its /metrics; may be empty", examples=["127.0.0.1:8090"])


class Stats(Answer):
    """The network in figures."""

    queues: int = Field(description="queues of every purpose", examples=[84])
    bots: int = Field(examples=[40])
    conversations: int = Field(examples=[20])
    messages_ready: int = Field(description="messages waiting, the archive not counted", examples=[12])
    messages_unacknowledged: int = Field(description="messages in consumers' hands", examples=[3])
    by_dialect: dict[str, int] = Field(
        description="bots per dialect", examples=[{"gibberish": 30, "echo": 10}]
    )
    components: list[Component]


class TargetGroup(BaseModel):
    """Targets of Prometheus, as its HTTP service discovery wants them."""

    targets: list[str] = Field(description="host:port, here always one", examples=[["127.0.0.1:8090"]])
    labels: dict[str, str] = Field(
        description="`component` stays on every series; the others are for relabelling only",
        examples=[
            {
                "component": "bots",
                "__meta_chatter_instance": "laptop-4711",
                "__meta_chatter_version": "0.1.0",
            }
        ],
    )


class Problem(BaseModel):
    """Why there is no answer, and what to do."""

    error: str = Field(description="a word for programs", examples=["unreachable"])
    detail: str = Field(
        description="a sentence for people",
        examples=["RabbitMQ's management API at http://127.0.0.1:15672 does not answer; check that …"],
    )
