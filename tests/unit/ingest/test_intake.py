"""Records added to what waits: the short way for samples gives what the long way gives."""

import json
from collections.abc import Set
from typing import Any, cast

import msgspec
import pytest
from aiokafka import TopicPartition

from ingest.batch import Agent, Intake, Span
from ingest.decode import decode
from ingest.intake import add_marks, add_records
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


def added(*records: Record, known: Set[Agent] = frozenset()) -> Intake:
    found = Intake()
    add_records(found, PARTITION, 0, records, MAX_BYTES, known)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [(), ("sample",), ("malformed",)])
@pytest.mark.parametrize("known", [frozenset(), {(SAMPLE["userId"], SAMPLE["agentId"])}])
def test_every_kind_is_decoded_alike_wherever_it_comes(
    kind: str, before: tuple[str, ...], known: Set[Agent]
) -> None:
    first = added(*[KINDS[name] for name in before])
    both = added(*[KINDS[name] for name in before], KINDS[kind], known=known)
    events, rejections = decode(KINDS[kind], MAX_BYTES)
    samples = [(event, origin) for event, origin in events if isinstance(event, Sample)]
    fields = msgspec.structs.asdict
    assert [fields(sample) for sample in both.samples[len(first.samples) :]] == [
        fields(sample) for sample, _ in samples
    ]
    assert both.origins[len(first.origins) :] == [origin for _, origin in samples]
    assert both.others[len(first.others) :] == [e for e in events if e not in samples]
    assert both.rejections[len(first.rejections) :] == rejections


def test_what_was_read_is_measured() -> None:
    found = added(record(GOOD, offset=3), record(None, offset=4), record(b"{", offset=9))
    assert found.nbytes == len(GOOD) + 1
    assert found.records == {TOPIC: 3}
    assert found.rows == 3


def test_a_span_goes_from_the_expected_offset_behind_the_last_record() -> None:
    found = Intake()
    # Offsets may be missing: a transaction's marker takes one.
    add_records(found, PARTITION, 2, [record(GOOD, offset=3)], MAX_BYTES, frozenset())
    add_records(found, PARTITION, 4, [record(GOOD, offset=9)], MAX_BYTES, frozenset())
    add_records(found, PARTITION, 10, [], MAX_BYTES, frozenset())
    assert found.spans == {PARTITION: Span(2, 10, record(GOOD, offset=9))}


def test_marks_are_part_of_a_span_and_no_records() -> None:
    found = Intake()
    add_marks(found, PARTITION, 0, 2)
    assert found.spans == {PARTITION: Span(0, 2, None)}
    add_records(found, PARTITION, 2, [record(GOOD, offset=2)], MAX_BYTES, frozenset())
    add_marks(found, PARTITION, 3, 5)
    assert found.spans == {PARTITION: Span(0, 5, record(GOOD, offset=2))}
    assert found.rows == found.records.total() == 1


def test_nothing_new_leaves_no_span() -> None:
    assert added().spans == {}


def test_partitions_that_brought_samples_are_known() -> None:
    found = Intake()
    for number, value in ((4, GOOD), (2, GOOD), (1, json.dumps(STATUS).encode())):
        partition = TopicPartition(TOPIC, number)
        add_records(found, partition, 0, [record(value, partition=number)], MAX_BYTES, frozenset())
    assert found.sample_partitions == {2, 4}


def test_what_makes_decoding_fail_is_rejected_alone() -> None:
    # No client hands out such headers: they stand for what decoding does not foresee.
    broken = record(GOOD, offset=1, headers=cast(Any, [5]))
    found = Intake()
    add_records(found, PARTITION, 0, [record(GOOD), broken, record(GOOD, offset=2)], 1_000, set())
    ((rejection),) = found.rejections
    assert (rejection.origin.record, rejection.reason) == (broken, "refused")
    assert rejection.detail == "ingest failed on this message with an unexpected TypeError"
    assert len(found.samples) == 2
