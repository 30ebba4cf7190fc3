"""The binary COPY format, read back by a decoder written from its documentation."""

import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import polars as pl
import pytest

from ingest.batch import AgentKeys
from ingest.writing.batchbuilder import build_batch
from ingest.writing.binarycopy import OPTIONAL, REQUIRED, encode_samples
from sql.named import query
from tests.unit.ingest.records import NOON, decoded, sample

COLUMNS = [*REQUIRED, *OPTIONAL]
FORMATS = [">q", ">i", ">i", ">i", *[">f"] * len(OPTIONAL)]
# Every choice of fields that a sample may have or not.
PATTERNS = list(product([False, True], repeat=len(OPTIONAL)))
US = timedelta(microseconds=1)

Row = tuple[Any, ...]
Pattern = Sequence[bool]


def read_back(data: bytes) -> list[Row]:
    """The rows of a whole COPY; the time as datetime."""
    assert data.startswith(b"PGCOPY\n\xff\r\n\0")
    flags, extension = struct.unpack_from(">ii", data, 11)
    assert (flags, extension) == (0, 0)
    rows, at = [], 19
    while (fields := struct.unpack_from(">h", data, at)[0]) != -1:
        assert fields == len(COLUMNS)
        row, at = read_row(data, at + 2)
        rows.append(row)
    assert at + 2 == len(data)
    return rows


def read_row(data: bytes, at: int) -> tuple[Row, int]:
    values: list[Any] = []
    for form in FORMATS:
        (length,) = struct.unpack_from(">i", data, at)
        at += 4
        if length == -1:
            values.append(None)
            continue
        assert length == struct.calcsize(form)
        values.append(struct.unpack_from(form, data, at)[0])
        at += length
    values[0] = datetime(2000, 1, 1, tzinfo=UTC) + values[0] * US
    return tuple(values), at


def frame_of(patterns: Sequence[Pattern]) -> pl.DataFrame:
    """One row a pattern, each a microsecond after the one before."""
    samples = [
        sample(NOON + place * US, messages=place, **optional(place, pattern))
        for place, pattern in enumerate(patterns)
    ]
    return build_batch(decoded(samples), AgentKeys({"alice/a1": 7})).samples


def optional(place: int, pattern: Pattern) -> dict[str, Any]:
    fields = zip(OPTIONAL, pattern, strict=True)
    return {name: 10.0 + place if is_set else None for name, is_set in fields}


def expected(patterns: Sequence[Pattern]) -> list[Row]:
    return [
        (NOON + i * US, 7, i, 0, *(10.0 + i if is_set else None for is_set in pattern))
        for i, pattern in enumerate(patterns)
    ]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_rows_of_one_pattern_stay_in_order(pattern: Pattern) -> None:
    patterns = [pattern] * 3
    assert read_back(b"".join(encode_samples(frame_of(patterns)))) == expected(patterns)


def test_all_patterns_in_one_batch() -> None:
    patterns = PATTERNS * 3
    rows = read_back(b"".join(encode_samples(frame_of(patterns))))
    assert sorted(rows, key=lambda row: row[0]) == expected(patterns)


def test_rows_of_one_pattern_go_together_in_order() -> None:
    patterns = [(True, False, False, True, True), (False, False, False, True, True)] * 3
    rows = read_back(b"".join(encode_samples(frame_of(patterns))))
    assert [row[2] for row in rows] == [0, 2, 4, 1, 3, 5]


@pytest.mark.parametrize("ts", [datetime(1999, 12, 31, tzinfo=UTC), NOON + US])
def test_microseconds_count_from_2000(ts: datetime) -> None:
    frame = build_batch(decoded([sample(ts)]), AgentKeys({"alice/a1": 7})).samples
    assert read_back(b"".join(encode_samples(frame)))[0][0] == ts


@pytest.mark.parametrize("name", ["copy_samples", "copy_resent_samples"])
def test_columns_are_those_of_the_query(name: str) -> None:
    found = re.search(r"\(([^)]+)\) from stdin", query(name).decode())
    assert found is not None
    assert re.findall(r"\w+", found[1]) == COLUMNS, (
        f"{name} in sql/queries/samples.sql, and the order of Sample in schemas/events.py"
    )
