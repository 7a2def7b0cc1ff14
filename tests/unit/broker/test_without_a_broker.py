import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import NoOpTracer

from rabbit_chatter.broker.delivery import Subscription
from rabbit_chatter.broker.entry import trace_of
from rabbit_chatter.broker.node import client_properties
from rabbit_chatter.messages import Message
from rabbit_chatter.telemetry import traceparent
from rabbit_chatter.telemetry.conventions import template_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("key", "template"),
    [
        ("dm.anna.berta", "dm"),
        ("tweet.anna", "tweet"),
        ("invite.berta", "invite"),
        ("control", "control"),
        ("", "other"),
        ("dm", "dm"),
        ("dmx.anna", "other"),
        ("anna-berta", "other"),
    ],
)
def test_template_of_a_key(key: str, template: str) -> None:
    """A routing key's kind is its first word, and `other` for what we do not know."""
    assert template_of(key) == template


@given(st.text())
def test_strangers_keys_do_not_widen_labels(key: str) -> None:
    """Whatever key somebody publishes with, a span name or a label has one of five values."""
    assert template_of(key) in {"dm", "tweet", "invite", "control", "other"}


async def handle(message: Message) -> None:
    """Do nothing."""


def test_memory_of_what_was_handled_is_bounded() -> None:
    """A subscription remembers the last 128 messages, and never forgets the newest."""
    subscription = Subscription("anna-berta", handle, NoOpTracer())
    for number in range(1000):
        subscription.remember(str(number))
    assert list(subscription.seen) == [str(number) for number in range(1000 - 128, 1000)]


def test_broker_is_told_where_the_metrics_are() -> None:
    """Prometheus' targets come from what a connection says: the component, its instance and its address."""
    said = client_properties("bots", "host-17", "127.0.0.1:8090")
    assert (said["component"], said["instance"], said["metrics"]) == ("bots", "host-17", "127.0.0.1:8090")
    assert said["version"]


@given(st.integers(0, 255))
def test_archive_reads_traces_as_the_bots_do(flags: int) -> None:
    """The archive finds the same trace in a header, and the same sampling, as who takes part in it."""
    header = f"00-{TRACE}-{SPAN}-{flags:02x}"
    context = traceparent.parse(header)
    assert context is not None
    assert trace_of(header) == (f"{context.trace_id:032x}", context.trace_flags.sampled)


@pytest.mark.parametrize("header", [None, 17, b"00", "", "00-1-2-01", f"00-{'0' * 32}-{SPAN}-01"])
def test_archive_ignores_malformed_headers(header: object) -> None:
    """What is no trace context leads to no trace."""
    assert trace_of(header) == (None, False)
