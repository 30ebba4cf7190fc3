"""Messages have one key, at most 1,000 events, and keep to a size."""

import msgspec
import pytest

from emit.batch import Encoding, MessageBatch, Packer
from schemas.events import Event, Message
from tests.unit.emit.events import ONE_OF_EACH, a_payment, a_sample

KIB = 1_024


def packer(encoding: Encoding = "json", max_bytes: int = 512 * KIB) -> Packer:
    return Packer("samples", "events", encoding, max_bytes)


def events_of(batch: MessageBatch) -> list[Event]:
    codec = msgspec.msgpack if batch.headers else msgspec.json
    decoded: Event | list[Event] = codec.decode(batch.value, type=Message)
    return decoded if isinstance(decoded, list) else [decoded]


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_everything_comes_out_as_it_went_in(encoding: Encoding) -> None:
    batches = packer(encoding).pack(ONE_OF_EACH)
    assert [event for batch in batches for event in events_of(batch)] == ONE_OF_EACH


def test_only_messagepack_is_named() -> None:
    (json,) = packer("json").pack([a_sample()])
    (msgpack,) = packer("msgpack").pack([a_sample()])
    assert json.headers == []
    assert msgpack.headers == [("content-type", b"application/msgpack")]


def test_samples_go_by_agent_and_events_by_user() -> None:
    batches = packer().pack(
        [a_sample(agent_id="a"), a_sample(agent_id="b"), a_payment(), a_payment(user_id="bob")]
    )
    assert [(batch.topic, batch.key) for batch in batches] == [
        ("samples", b"a"),
        ("samples", b"b"),
        ("events", b"ada"),
        ("events", b"bob"),
    ]


def test_one_event_goes_as_itself_and_more_as_an_array() -> None:
    (one,) = packer().pack([a_payment()])
    (two,) = packer().pack([a_payment(), a_payment()])
    assert (one.value[:1], two.value[:1]) == (b"{", b"[")


def test_a_message_has_a_thousand_events_at_most_in_order() -> None:
    payments = [a_payment(payment_id=f"p{n}") for n in range(2_500)]
    batches = packer().pack([*payments])
    assert [len(batch.events) for batch in batches] == [1_000, 1_000, 500]
    assert [event for batch in batches for event in events_of(batch)] == payments


def test_a_message_keeps_to_its_size() -> None:
    payments = [a_payment(payment_id=f"p{n}") for n in range(1_000)]
    batches = packer(max_bytes=16 * KIB).pack([*payments])
    assert max(len(batch.value) for batch in batches) <= 16 * KIB
    assert [event for batch in batches for event in events_of(batch)] == payments
