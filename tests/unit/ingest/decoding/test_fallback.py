"""A message that makes the decoding of its batch fail is rejected, and costs the others nothing."""

import json

import pytest

from ingest.batch import Decoded, Fetched
from ingest.decoding.decode import decode
from ingest.decoding.fallback import decode_individually
from tests.unit.ingest.doubles import PARTITION
from tests.unit.ingest.records import SAMPLE, STATUS, record

GOOD = json.dumps(SAMPLE).encode()
BROKEN = b"what nobody foresees"
VALUES = [GOOD, b"{", BROKEN, json.dumps(STATUS).encode(), b"[" + GOOD + b"," + GOOD + b"]"]


def fetched(*values: bytes) -> Fetched:
    found = Fetched()
    found.add(PARTITION, 0, [record(value, offset=n) for n, value in enumerate(values)])
    return found


def fragile(records: Fetched) -> Decoded:
    if any(record.value == BROKEN for record in records.in_order()):
        raise ZeroDivisionError
    return decode(records, 1_000_000)


def test_only_the_broken_one_is_rejected_for_it() -> None:
    with pytest.raises(ZeroDivisionError):
        fragile(fetched(*VALUES))
    whole = decode_individually(fetched(*VALUES), fragile)
    assert [(r.reason, r.origin.record.offset) for r in whole.rejections] == [
        ("malformed", 1),
        ("refused", 2),
    ]
    assert whole.samples.select("record", "place").rows() == [(0, -1), (4, 0), (4, 1)]
    assert [origin.record.offset for _, origin in whole.others] == [3]


def test_without_a_broken_one_it_is_as_together() -> None:
    records = fetched(*[value for value in VALUES if value != BROKEN])
    apart, together = decode_individually(records, fragile), fragile(records)
    assert apart.samples.equals(together.samples)
    assert (apart.others, apart.rejections) == (together.others, together.rejections)
    assert (apart.spans, apart.counts) == (together.spans, together.counts)
