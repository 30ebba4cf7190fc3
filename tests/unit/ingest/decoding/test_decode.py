"""Fetched records decoded: by columns as by rows, whatever comes beside."""

import json
from typing import Any, cast

import msgspec
import pytest
from aiokafka import TopicPartition
from polars.exceptions import PanicException

from ingest.batch import ALONE, SAMPLE_SCHEMA, Decoded, Fetched, OffsetSpan
from ingest.decoding import decode as module
from ingest.decoding.decode import decode, samples_frame
from ingest.decoding.message import decode_message
from ingest.record import Record
from schemas.events import Sample
from tests.unit.ingest.records import SAMPLE, STATUS, TOPIC, record

PARTITION = TopicPartition(TOPIC, 0)
MAX_BYTES = 1_000
PACKED = [("content-type", b"application/msgpack")]


def encode(**fields: Any) -> bytes:
    return json.dumps(SAMPLE | fields).encode()


GOOD = encode()
KINDS = {
    "sample": record(GOOD),
    "sample with a header": record(GOOD, headers=[("trace", b"1")]),
    "packed": record(msgspec.msgpack.encode(SAMPLE), headers=PACKED),
    "another event": record(json.dumps(STATUS).encode()),
    "array": record(b"[" + GOOD + b"," + encode(cpu=101) + b"]"),
    "no type": record(json.dumps({k: v for k, v in SAMPLE.items() if k != "type"}).encode()),
    "an empty type": record(b'{"type":""}'),
    "an empty type, else a sample": record(encode(type="")),
    "whole numbers with a fraction": record(GOOD.replace(b"3", b"3.0")),
    "another type": record(encode(type="status")),
    "invalid": record(encode(cpu=101)),
    "wrong agent id": record(encode(agentId="a 1")),
    "wrong user id": record(encode(userId="")),
    "a field twice": record(GOOD[:-1] + b',"cpu":1}'),
    "type twice": record(GOOD[:-1] + b',"type":"status"}'),
    "malformed": record(b"{"),
    "bad UTF-8": record(GOOD.replace(b"alice", b"\xff")),
    "tombstone": record(None),
    "too large": record(GOOD + b" " * MAX_BYTES),
}


def decoded(*records: Record, fewest: int = 1) -> Decoded:
    """By the column path, unless they are fewer than that."""
    found = Fetched()
    found.add(PARTITION, 0, records)
    return decode(found, MAX_BYTES, fewest)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [(), ("sample",), ("malformed",), ("array", "sample")])
def test_every_kind_is_decoded_alike_wherever_it_comes(kind: str, before: tuple[str, ...]) -> None:
    both = decoded(*[KINDS[name] for name in before], KINDS[kind])
    events, rejections = decode_message(KINDS[kind], MAX_BYTES)
    rows = [
        (event, len(before), ALONE if origin.index is None else origin.index)
        for event, origin in events
        if isinstance(event, Sample)
    ]
    of_this = both.samples["record"] == len(before)
    assert both.samples.filter(of_this).rows() == samples_frame(rows).rows()
    assert both.others == [e for e in events if not isinstance(e[0], Sample)]
    # Those before it may have rejections too, which come first.
    assert both.rejections[len(both.rejections) - len(rejections) :] == rejections


def test_samples_are_in_the_order_of_their_records() -> None:
    names = ["sample", "array", "sample with a header", "sample", "packed", "sample"]
    found = decoded(*[KINDS[name] for name in names])
    assert found.samples.select("record", "place").rows() == [
        (0, ALONE),
        (1, 0),
        *((place, ALONE) for place in range(2, 6)),
    ]
    assert found.samples.schema == SAMPLE_SCHEMA


def test_partitions_are_in_order_and_offsets_within() -> None:
    found = Fetched()
    for number, offset in ((4, 7), (2, 5), (4, 8)):
        partition = TopicPartition(TOPIC, number)
        found.add(partition, offset, [record(GOOD, partition=number, offset=offset)])
    places = [(record.partition, record.offset) for record in decode(found, MAX_BYTES).records]
    assert places == [(2, 5), (4, 7), (4, 8)]


def test_what_was_read_is_measured() -> None:
    found = Fetched()
    found.add(PARTITION, 0, [record(GOOD, offset=3), record(None, offset=4), record(b"{")])
    assert (found.count, found.nbytes, found.by_topic()) == (3, len(GOOD) + 1, {TOPIC: 3})


def test_a_span_goes_from_the_expected_offset_behind_the_last_record() -> None:
    found = Fetched()
    # Offsets may be missing: a transaction's control record takes one.
    found.add(PARTITION, 2, [record(GOOD, offset=3)])
    found.add(PARTITION, 4, [record(GOOD, offset=9)])
    found.add(PARTITION, 10, [])
    assert found.spans == {PARTITION: OffsetSpan(2, 10, record(GOOD, offset=9))}


def test_control_offsets_are_part_of_a_span_and_no_records() -> None:
    found = Fetched()
    found.add_control_offsets(PARTITION, 0, 2)
    assert found.spans == {PARTITION: OffsetSpan(0, 2, None)}
    found.add(PARTITION, 2, [record(GOOD, offset=2)])
    found.add_control_offsets(PARTITION, 3, 5)
    assert found.spans == {PARTITION: OffsetSpan(0, 5, record(GOOD, offset=2))}
    assert found.count == found.by_topic().total() == 1


def test_nothing_new_leaves_no_span() -> None:
    assert decoded().spans == {}


def test_what_makes_decoding_fail_is_rejected_alone() -> None:
    # No client hands out such headers: they stand for what decoding does not foresee.
    broken = record(GOOD, offset=1, headers=cast(Any, [5]))
    found = decoded(record(GOOD), broken, record(GOOD, offset=2))
    ((rejection),) = found.rejections
    assert (rejection.origin.record, rejection.reason) == (broken, "refused")
    assert rejection.detail == "ingest failed on this message with an unexpected TypeError"
    assert found.samples.height == 2


@pytest.mark.parametrize("failure", [ZeroDivisionError(), PanicException("a bug of polars")])
def test_where_the_column_path_fails_the_row_path_takes_all(
    failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(module, "read_plain_samples", fail)
    found = decoded(record(GOOD), record(b"{", offset=1))
    assert (found.samples.height, len(found.rejections)) == (1, 1)
