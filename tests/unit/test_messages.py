import json
import string
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabbit_chatter import names
from rabbit_chatter.errors import BadMessageError
from rabbit_chatter.messages import (
    MAX_BODY_BYTES,
    MAX_ID_LENGTH,
    SENT_HEADER,
    Kind,
    Message,
    Properties,
    Reason,
    encode_body,
    new_id,
    parse,
)

BOTS = st.text(string.ascii_lowercase + string.digits, min_size=3, max_size=20)
MESSAGES = st.builds(
    Message,
    id=st.uuids().map(str),
    kind=st.sampled_from(Kind),
    sender=BOTS,
    text=st.text(),
    to=BOTS,
    conversation=st.uuids().map(str),
    turn=st.integers(0, 2**31),
    last=st.booleans(),
    dialect=st.none() | st.text(max_size=20),
    sent_ns=st.integers(1, 2**63 - 1),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSONS = st.recursive(SCALARS, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(), x, max_size=3))
FIELDS = ("from", "to", "text", "turn", "last", "dialect")
BODIES = (
    st.binary(max_size=200)
    | JSONS.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(FIELDS), JSONS | BOTS).map(lambda value: json.dumps(value).encode())
)
PROPERTIES = st.builds(
    Properties,
    message_id=st.none() | st.text(max_size=80),
    type=st.none() | st.text() | st.sampled_from(Kind).map(str),
    correlation_id=st.none() | st.text(max_size=80),
    headers=st.dictionaries(st.just(SENT_HEADER) | st.text(), SCALARS | st.binary(), max_size=3),
    timestamp=st.none() | st.floats(0, 2**40),
)


def properties(**changed: Any) -> Properties:  # noqa: ANN401 - any of its fields
    """Return properties of a good direct message, changed."""
    good: dict[str, Any] = {
        "message_id": "m1", "type": "dm", "correlation_id": "c1", "headers": {SENT_HEADER: 17},
    }  # fmt: skip
    return Properties(**{**good, **changed})


def body(**changed: object) -> bytes:
    """Return the body of a good direct message, changed; ``from`` is written ``sender``."""
    good: dict[str, object] = {"sender": "anna", "to": "berta", "text": "hello"}
    said = {("from" if key == "sender" else key): value for key, value in {**good, **changed}.items()}
    return json.dumps(said).encode()


@given(MESSAGES)
def test_message_comes_back_as_it_was_said(message: Message) -> None:
    """Encoded and parsed, a message is the same, whatever Unicode its text is made of."""
    heard = Properties(message.id, message.kind, message.conversation, {SENT_HEADER: message.sent_ns})
    assert parse(encode_body(message), heard) == message


@pytest.mark.parametrize(
    ("reason", "raw", "said"),
    [
        (Reason.NOT_JSON, b"hello", properties()),
        (Reason.NOT_JSON, b"", properties()),
        (Reason.NOT_JSON, b'{"from": "anna", "text": "\xff"}', properties()),
        (Reason.NOT_JSON, b'{"from": "anna", "text": "\\ud800"}', properties()),
        (Reason.NOT_JSON, b'{"x": ' + b"[" * 30_000, properties()),
        (Reason.BAD_FIELD, b"[]", properties()),
        (Reason.BAD_FIELD, b'{"from": "anna"}', properties()),
        (Reason.BAD_FIELD, body(text=None), properties()),
        (Reason.BAD_FIELD, body(turn="first"), properties()),
        (Reason.BAD_FIELD, body(turn=1.5), properties()),
        (Reason.BAD_FIELD, body(sender="Anna-Maria"), properties()),
        (Reason.BAD_FIELD, body(to=None), properties()),
        (Reason.BAD_FIELD, body(to="no name"), properties(type="invite")),
        (Reason.BAD_FIELD, body(), properties(correlation_id=None)),
        (Reason.BAD_HEADER, body(), properties(headers={SENT_HEADER: "now"})),
        (Reason.BAD_HEADER, body(), properties(headers={SENT_HEADER: 1.5e18})),
        (Reason.BAD_HEADER, body(), properties(headers={SENT_HEADER: True})),
        (Reason.BAD_HEADER, body(), properties(headers={SENT_HEADER: -1})),
        (Reason.BAD_HEADER, body(), properties(message_id="x" * (MAX_ID_LENGTH + 1))),
        (Reason.BAD_HEADER, body(), properties(correlation_id="x" * (MAX_ID_LENGTH + 1))),
        (Reason.UNKNOWN_TYPE, body(), properties(type=None)),
        (Reason.UNKNOWN_TYPE, body(), properties(type="shout")),
        (Reason.NO_MESSAGE_ID, body(), properties(message_id=None)),
        (Reason.NO_MESSAGE_ID, body(), properties(message_id="")),
        (Reason.TOO_LARGE, body(text="x" * MAX_BODY_BYTES), properties()),
    ],
)  # fmt: skip
def test_what_cannot_be_handled_has_a_reason(reason: Reason, raw: bytes, said: Properties) -> None:
    """Each way to be wrong is refused with its own reason, and a sentence beside it."""
    with pytest.raises(BadMessageError) as refused:
        parse(raw, said)
    assert refused.value.reason == reason
    assert refused.value.detail


def test_reasons_of_parsing_are_all_tested() -> None:
    """The reasons that are left out above are those that parsing cannot know."""
    cases = test_what_cannot_be_handled_has_a_reason.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert set(Reason) - {case[0] for case in cases} == {
        Reason.NOT_FOR_ME,
        Reason.BUSY,
        Reason.HANDLER_FAILED,
    }


@given(BODIES, PROPERTIES)
def test_hostile_input_is_refused_or_understood(raw: bytes, said: Properties) -> None:
    """Whatever anybody sends becomes a message with sound fields or a BadMessageError, nothing else."""
    try:
        message = parse(raw, said)
    except BadMessageError as error:
        Reason(error.reason)
    else:
        assert names.check_bot_name(message.sender)
        assert message.sent_ns >= 0
        assert 0 < len(message.id) <= MAX_ID_LENGTH


def test_newer_bots_may_say_more() -> None:
    """A field that we do not know is ignored."""
    assert parse(body(mood="cheerful"), properties()).text == "hello"


def test_largest_body_is_taken() -> None:
    """The limit itself is allowed, one byte more is not."""
    rest = MAX_BODY_BYTES - len(body(text=""))
    assert len(parse(body(text="x" * rest), properties()).text) == rest
    with pytest.raises(BadMessageError, match="too-large"):
        parse(body(text="x" * (rest + 1)), properties())


def test_foreigners_seconds_are_taken() -> None:
    """A client that knows only AMQP's timestamp is measured by it; without any, the time is unknown."""
    assert parse(body(), properties(headers={}, timestamp=1_700_000_000.0)).sent_ns == 1_700_000_000 * 10**9
    assert parse(body(), properties(headers={})).sent_ns == 0


def test_a_tweet_needs_no_partner() -> None:
    """What is for everybody has neither a partner nor a conversation."""
    message = parse(body(to=None), properties(type="tweet", correlation_id=None))
    assert (message.to, message.conversation) == (None, None)


@pytest.mark.parametrize(
    ("kind", "exchange", "key"),
    [
        (Kind.DM, "chatter", "dm.anna.berta"),
        (Kind.INVITE, "chatter", "invite.berta"),
        (Kind.TWEET, "chatter", "tweet.anna"),
        (Kind.CONTROL, "chatter.control", "control"),
    ],
)
def test_kind_decides_the_way(kind: Kind, exchange: str, key: str) -> None:
    """Each kind has its exchange, and a routing key from which it can be read."""
    message = Message("m1", kind, "anna", "hello", "berta", "c1")
    assert (message.exchange, message.routing_key) == (exchange, key)


def test_ids_sort_by_time() -> None:
    """Ids are UUIDs of version 7: new each time, and in the order in which they were made."""
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert {uuid.UUID(made).version for made in ids} == {7}
