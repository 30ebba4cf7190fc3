"""Array parameters in PostgreSQL's binary format, many times cheaper than text.

Source: PostgreSQL's `array_send` (src/backend/utils/adt/arrayfuncs.c).
"""

import struct
from typing import Any, ClassVar, Final

import numpy as np
import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from ingest.writing.binarycopy import EPOCH_US

# One dimension, no nulls; element type, number of elements, lower bound.
HEADER: Final = struct.Struct(">iiIii")


class Column:
    """A column of numbers without nulls, sent as one array of `element_type`, an OID."""

    element_type: ClassVar[int]
    dtype: ClassVar[np.dtype[Any]]

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def encode(self) -> bytes:
        rows = np.empty(len(self.values), np.dtype([("length", ">i4"), ("value", self.dtype)]))
        rows["length"] = self.dtype.itemsize
        rows["value"] = self.values
        return HEADER.pack(1, 0, self.element_type, len(rows), 1) + rows.tobytes()


class Integers(Column):
    """`integer[]`."""

    element_type = 23
    dtype = np.dtype(">i4")


class Bigints(Column):
    """`bigint[]`."""

    element_type = 20
    dtype = np.dtype(">i8")


class Reals(Column):
    """`real[]`; NaN stands for null."""

    element_type = 700
    dtype = np.dtype(">f4")


class Doubles(Column):
    """`double precision[]`."""

    element_type = 701
    dtype = np.dtype(">f8")


class Timestamps(Column):
    """`timestamptz[]`, of microseconds since 1970."""

    element_type = 1184
    dtype = np.dtype(">i8")

    def __init__(self, values: Any) -> None:
        super().__init__(np.asarray(values) - EPOCH_US)


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:
        return obj.encode()


ARRAY_TYPES: Final = {Integers: 1007, Bigints: 1016, Reals: 1021, Doubles: 1022, Timestamps: 1185}


def register() -> None:
    """Registers the dumpers for all connections."""
    for column, array_type in ARRAY_TYPES.items():
        dumper = type(f"{column.__name__}Dumper", (_ColumnDumper,), {"oid": array_type})
        psycopg.adapters.register_dumper(column, dumper)


register()
