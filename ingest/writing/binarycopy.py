"""Encodes samples in PostgreSQL's binary COPY format.

Source: PostgreSQL documentation, COPY, "Binary Format".
"""

import struct
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl

from ingest.samplecolumns import COUNTS, MEASURES

# The order of COPY's column lists in `sql/queries/samples.sql`.
REQUIRED: Final = {"ts": ">i8", "agent_key": ">i4", **dict.fromkeys(COUNTS, ">i4")}
OPTIONAL: Final = MEASURES
HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER: Final = struct.pack(">h", -1)
# PostgreSQL counts microseconds from 2000, Unix from 1970.
EPOCH_US: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
NULL: Final = -1


def encode_samples(samples: pl.DataFrame) -> list[bytes]:
    """The pieces of one COPY: header, rows, trailer.

    `ts` is in microseconds since 1970. A row's width depends on which optional fields are null, so
    rows with the same null pattern are encoded together, in their given order.
    """
    rows = [
        _encode_pattern(part, tuple(pattern)) for pattern, part in _patterns(samples) if part.height
    ]
    return [HEADER, *rows, TRAILER]


def _patterns(samples: pl.DataFrame) -> list[tuple[tuple[bool, ...], pl.DataFrame]]:
    present = samples.select(pl.col(OPTIONAL).is_not_null())
    if all(present[name].all() or not present[name].any() for name in OPTIONAL):
        return [(tuple(bool(present[name].all()) for name in OPTIONAL), samples)]
    groups = samples.with_columns(present.select(pl.all().name.prefix("set_"))).partition_by(
        [f"set_{name}" for name in OPTIONAL], maintain_order=True, as_dict=True
    )
    return [(tuple(map(bool, pattern)), part) for pattern, part in groups.items()]


def _encode_pattern(samples: pl.DataFrame, present: tuple[bool, ...]) -> bytes:
    rows = np.empty(samples.height, _row_type(present))
    rows["fields"] = len(REQUIRED) + len(OPTIONAL)
    for name, kind in REQUIRED.items():
        rows[f"{name}_length"] = np.dtype(kind).itemsize
        rows[name] = samples[name].to_numpy()
    rows["ts"] -= EPOCH_US
    for name, is_set in zip(OPTIONAL, present, strict=True):
        rows[f"{name}_length"] = 4 if is_set else NULL
        if is_set:
            rows[name] = samples[name].to_numpy()
    return rows.tobytes()


@cache
def _row_type(present: tuple[bool, ...]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in REQUIRED.items():
        fields += [(f"{name}_length", ">i4"), (name, kind)]
    for name, is_set in zip(OPTIONAL, present, strict=True):
        fields.append((f"{name}_length", ">i4"))
        if is_set:
            fields.append((name, ">f4"))
    return np.dtype(fields)
