"""What is replayed: the event's own bytes, and headers that record where it has been."""

import json

import msgspec
import pytest

from ingest.admin.dlq.letter import NotThereError, event_of, headers_of
from tests.unit.ingest.admin.dlq.letters import PACKED, letter


@pytest.mark.parametrize("value", [b"{}", b"not json", b"", None])
def test_without_an_index_the_whole_value(value: bytes | None) -> None:
    assert event_of(letter(value)) == value


def test_of_an_array_the_event_alone_byte_for_byte() -> None:
    value = b'[{"a": 1.50}, {"b" : "\\u00e9",  "c":[1, 2] } ,3]'
    found = [event_of(letter(value, place=f"t/0/0/{index}")) for index in range(3)]
    assert found == [b'{"a": 1.50}', b'{"b" : "\\u00e9",  "c":[1, 2] }', b"3"]


def test_of_a_packed_array_the_event_alone() -> None:
    events = [{"a": 1}, {"b": [2.5, None]}]
    value = msgspec.msgpack.encode(events)
    for index, event in enumerate(events):
        found = event_of(letter(value, place=f"t/0/0/{index}", headers=PACKED))
        assert found == msgspec.msgpack.encode(event)


@pytest.mark.parametrize("value", [b"[{}]", b"{}", b"[", b"\xff", None, b"[" * 100_000])
def test_an_event_that_is_not_there(value: bytes | None) -> None:
    with pytest.raises(NotThereError, match="its message has no event 7"):
        event_of(letter(value, place="t/0/0/7"))


def test_headers_record_where_it_has_been() -> None:
    own = [("a", b"1"), ("n", None)]
    once = headers_of(letter(place="t/2/7/3", headers=own))
    assert once == [*own, ("fleetgauge.replays", b"1"), ("fleetgauge.replay.of", b"t/2/7/3")]
    twice = headers_of(letter(place="t/2/9", headers=once))
    assert twice == [*own, ("fleetgauge.replays", b"2"), ("fleetgauge.replay.of", b"t/2/9")]


def test_numbers_keep_their_digits() -> None:
    value = json.dumps([{"n": 12345678901234567890123}]).encode()
    assert event_of(letter(value, place="t/0/0/0")) == b'{"n": 12345678901234567890123}'
