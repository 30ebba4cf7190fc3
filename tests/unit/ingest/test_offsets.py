"""What is remembered of the last record tells it from any other."""

from datetime import timedelta

import pytest

from ingest.offsets import LastRecord
from ingest.record import Record
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


def test_without_key_and_value() -> None:
    assert LastRecord.of(record(None, key=None)).crc == 0
