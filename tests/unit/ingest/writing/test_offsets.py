"""What is stored of the last record identifies it."""

from datetime import timedelta

import msgspec
import pytest

from ingest.record import Record, broker_time
from ingest.writing.offsets import LastRecord
from tests.unit.ingest.records import NOON, record

OTHERS = [
    ("value", record(b"w")),
    ("no value", record(None)),
    ("key", record(b"v", key=b"a2")),
    ("broker's time", record(b"v", at=NOON + timedelta(milliseconds=1))),
]


def test_the_same_record_read_again_is_the_same() -> None:
    assert LastRecord.of(record(b"v", offset=3)) == LastRecord.of(record(b"v", offset=3))


@pytest.mark.parametrize("other", [r for _, r in OTHERS], ids=[name for name, _ in OTHERS])
def test_another_record_is_another(other: Record) -> None:
    assert LastRecord.of(record(b"v")) != LastRecord.of(other)


@pytest.mark.parametrize("timestamp", [-(2**63), -100_000_000_000_000, -1, 2**63 - 1])
def test_any_timestamp_can_be_stored_and_recognised(timestamp: int) -> None:
    odd = msgspec.structs.replace(record(b"v"), timestamp=timestamp)
    last = LastRecord.of(odd)
    assert round(broker_time(last.ts_ms).timestamp() * 1000) == last.ts_ms
    assert LastRecord.of(msgspec.structs.replace(odd, timestamp=last.ts_ms)) == last


def test_without_key_and_value() -> None:
    assert LastRecord.of(record(None, key=None)).crc == 0
