"""The column path: decodes many plain samples at once, without an object for each.

A message is plain if `ingest.decoding.message` (the row path) provably decodes it to the same
sample. The row path decodes all other messages, and alone decides whether a message is valid.
"""

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import polars as pl
from msgspec import inspect
from polars.exceptions import ComputeError

from ingest.batch import ALONE, SAMPLE_SCHEMA
from ingest.decoding.lines import Lines
from ingest.samplecolumns import COLUMNS, FIELDS, TYPES

# Field types with the widest numbers: bounds are checked on the values as sent.
_WIDE: Final[dict[type, Any]] = {
    inspect.StrType: pl.String(),
    inspect.DateTimeType: pl.String(),
    inspect.IntType: pl.Int64(),
    inspect.FloatType: pl.Float64(),
}
# Printable ASCII without backslash and braces, which could hide structure.
_PLAIN_BYTES: Final = bytes(byte for byte in range(0x20, 0x7F) if byte not in b"\\{}")
# RFC 3339 in UTC, as most clients write it.
_UTC: Final = r"^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?(?:Z|\+00:00)$"
# One parser call costs as much as the row path for about 300 messages.
FEWEST: Final = 256


_IDS: Final = [name for name, kind in TYPES.items() if isinstance(kind, inspect.StrType)]
_TYPE_FIELD: Final = "type"
_WIRE: Final = pl.Schema(
    {
        _TYPE_FIELD: pl.String(),
        **{FIELDS[name].encode_name: _WIDE[type(kind)] for name, kind in TYPES.items()},
    }
)
# `type`, the ids and `ts`.
_STRINGS: Final = sum(kind == pl.String() for kind in _WIRE.values())


def read_plain_samples(lines: Lines, fewest: int = FEWEST) -> pl.DataFrame:
    """The plain samples among these messages, with the columns of SAMPLE_SCHEMA.

    `record` is the index of the message. Missing messages are for the row path, and so are runs of
    fewer than `fewest` parseable messages.
    """
    found = list(_read(lines, 0, fewest))
    return pl.concat(found) if found else SAMPLE_SCHEMA.to_frame()


def _read(lines: Lines, first: int, fewest: int) -> Iterator[pl.DataFrame]:
    count = len(lines)
    if count < fewest:
        return
    text = lines.text()
    frame = _parse(text, count)
    if frame is not None:
        is_named_once = _all_name_fields_once(text, frame) or _which_name_fields_once(lines, frame)
        yield _plain_rows(frame, pl.lit(is_named_once), first)
    elif count > 1:
        # One message makes the parser fail: the half without it can be parsed.
        middle = count // 2
        yield from _read(lines.between(0, middle), first, fewest)
        yield from _read(lines.between(middle, count), first + middle, fewest)


def _parse(text: bytes, count: int) -> pl.DataFrame | None:
    """The fields of `count` messages; None if one is not a flat object on one line.

    A field of the wrong type is null.
    """
    if text.translate(None, _PLAIN_BYTES) != b"\n".join([b"{}"] * count):
        return None
    try:
        frame = pl.read_ndjson(io.BytesIO(text), schema=_WIRE, ignore_errors=True)
    except ComputeError:
        return None
    return frame if frame.height == count else None


def _plain_rows(frame: pl.DataFrame, is_named_once: pl.Expr, first: int) -> pl.DataFrame:
    places = pl.int_range(first, first + pl.len(), dtype=pl.Int32).alias("record")
    return (
        frame.lazy()
        .with_columns(_MICROSECONDS.alias("us"), places)
        .filter(is_named_once & _ARE_VALID)
        .select(_COLUMNS)
        .collect()
    )


def _all_name_fields_once(text: bytes, frame: pl.DataFrame) -> bool:
    """Whether each of these messages has every field once, and no unknown fields."""
    read = sum(frame.height - frame[name].null_count() for name in frame.columns)
    found = np.frombuffer(text, np.uint8)
    commas, quotes = (np.count_nonzero(found == ord(one)) for one in ',"')
    return bool(_are_named_once(commas, quotes, read, frame.height))


def _which_name_fields_once(lines: Lines, frame: pl.DataFrame) -> pl.Series:
    """The same for each message separately."""
    values = lines.values()
    read = frame.select(pl.sum_horizontal(pl.all().is_not_null())).to_series().to_numpy()
    commas, quotes = (
        np.fromiter((value.count(one) for value in values), np.int64, len(values))
        for one in (b",", b'"')
    )
    return pl.Series(_are_named_once(commas, quotes, read.astype(np.int64), 1))


def _are_named_once(commas: Any, quotes: Any, read: Any, messages: int) -> Any:
    """Whether the commas and quotes are exactly those of the `read` values in `messages` messages.

    A flat object of k fields has at least k - 1 commas (strings may contain more), and every parsed
    value has a field. With exactly that number, the fields are the parsed ones, each once. Two
    quotes for each name and each string then leave none for a number, so every id is a string. A
    null or a value of the wrong type does not count as read, so its message is not plain.
    """
    return (commas == read - messages) & (quotes == 2 * (read + _STRINGS * messages))


def _id_is_valid(name: str) -> pl.Expr:
    kind = TYPES[name]
    wire = pl.col(FIELDS[name].encode_name)
    # In polars `$` matches only at the end, and look-aheads are not supported.
    pattern = kind.pattern.removesuffix(r"(?!\n)")
    is_valid: pl.Expr = wire.str.contains(pattern) & (wire.str.len_bytes() <= kind.max_length)
    return is_valid


def _number_is_valid(name: str) -> pl.Expr:
    kind = TYPES[name]
    is_within = pl.col(FIELDS[name].encode_name).is_between(kind.ge, kind.le)
    return is_within if FIELDS[name].required else is_within.fill_null(True)


def _column(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.col(FIELDS[name].encode_name).cast(dtype).alias(name)


_WITHOUT_ZONE: Final = pl.col("ts").str.strip_suffix("Z").str.strip_suffix("+00:00")
_SECONDS: Final = _WITHOUT_ZONE.str.slice(0, 19).str.to_datetime(
    "%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False
)
_NANOSECONDS: Final = _WITHOUT_ZONE.str.slice(20).str.pad_end(9, "0").cast(pl.Int64(), strict=False)
# To the nearest microsecond, halves up, as msgspec rounds.
_MICROSECONDS: Final = _SECONDS.to_physical() + (_NANOSECONDS + 500) // 1000
_ARE_VALID: Final = pl.all_horizontal(
    pl.col(_TYPE_FIELD) == "sample",
    pl.col("us").is_not_null(),
    pl.col("ts").str.contains(_UTC),
    *map(_id_is_valid, _IDS),
    *map(_number_is_valid, COLUMNS),
).fill_null(False)
_COLUMNS: Final = [
    pl.col("us").alias("ts"),
    pl.concat_str("userId", "agentId", separator="/").alias("agent"),
    *(_column(name, kind) for name, kind in COLUMNS.items()),
    pl.col("record"),
    pl.lit(ALONE, pl.Int32()).alias("place"),
]
