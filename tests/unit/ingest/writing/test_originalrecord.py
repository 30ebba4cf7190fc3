"""The original record in a dead letter: whole if it fits, truncated and marked if not."""

from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from ingest.kafka.topic import ADDED_BYTES, dead_letter_max_bytes, original_max_bytes
from ingest.reading.unreadable import UnreadableBatch
from ingest.writing.originalrecord import Original, original_of
from schemas.settings import KafkaSettings
from tests.unit.ingest.records import record

MAX_BYTES = 1_000
K, V, H = b"k" * 200, b"v" * 700, (("h", b"1" * 89),)

CASES: list[tuple[str, dict[str, Any], Original]] = [
    ("all of it", {"key": K, "value": V, "headers": H}, Original(K, V, H)),
    ("nothing", {"key": None, "value": None}, Original(None, None, ())),
    (
        "one byte more",
        {"key": K, "value": V + b"!", "headers": H},
        Original(K, V[:500], H, "truncated from 1001 bytes of key, value and headers"),
    ),
    (
        "a long key",
        {"key": b"k" * 2_000, "value": b"v"},
        Original(b"k" * 250, b"v", (), "truncated from 2001 bytes of key, value and headers"),
    ),
    (
        "a long header",
        {"key": None, "value": b"v", "headers": [("h", b"1" * 2_000)]},
        Original(None, b"v", (), "truncated from 2012 bytes of key, value and headers"),
    ),
    (
        "headers of nothing",
        {"key": None, "value": None, "headers": [("", None)] * 101},
        Original(None, None, (), "truncated from 1010 bytes of key, value and headers"),
    ),
    (
        "a batch",
        {"value": UnreadableBatch(b"b" * 999, "too_large", "why"), "headers": H},
        Original(None, b"b" * 999, (), "a record batch, as stored by the broker"),
    ),
]


@pytest.mark.parametrize(("parts", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_parts(parts: dict[str, Any], expected: Original) -> None:
    value, rest = parts["value"], {k: v for k, v in parts.items() if k != "value"}
    assert original_of(record(value, **rest), MAX_BYTES) == expected


@pytest.mark.parametrize("message_max_bytes", [1_024, 1024**2, 4 * 1024**2])
@pytest.mark.parametrize("headers", [0, 1_000])
def test_the_longest_fits_its_topic(message_max_bytes: int, headers: int) -> None:
    kafka = KafkaSettings(kafka_bootstrap="b:1", message_max_bytes=message_max_bytes)
    most = original_max_bytes(kafka)
    value = b"v" * max(0, most - 10 * headers)
    of = original_of(record(value, key=None, headers=[("", b"")] * headers), most)
    builder: Any = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 2**31 - 1)
    added = [("__connect.errors.topic", b"t" * 249), ("detail", "ü".encode() * 2_000)]
    builder.append(0, 0, of.key, of.value, [*of.headers, *added, ("others", b"-" * 1_000)])
    assert len(builder.build()) <= dead_letter_max_bytes(kafka) < most + 2 * ADDED_BYTES
