"""Decodes fetched records: plain samples as columns, all other messages one by one."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import polars as pl
from polars.exceptions import PanicException

from ingest.batch import ALONE, SAMPLE_SCHEMA, Decoded, Fetched, agent_name
from ingest.decoding.columns import FEWEST, read_plain_samples
from ingest.decoding.message import decode_message
from ingest.record import Record
from ingest.records import Records
from ingest.rejection import Origin, Rejection
from ingest.unexpectederrors import detail_of, is_unexpected, report
from schemas.events import Event, Sample


def decode(fetched: Fetched, max_message_bytes: int, fewest: int = FEWEST) -> Decoded:
    """The events and rejections of fetched records.

    Fewer than `fewest` messages are decoded without the column path.
    """
    records = fetched.in_order()
    plain = _read_plain(records, max_message_bytes, fewest)
    decoded = Decoded(
        records=records, spans=fetched.spans, counts=fetched.by_topic(), samples=plain
    )
    is_left = np.ones(len(records), bool)
    is_left[plain["record"].to_numpy()] = False
    _add_messages(decoded, np.flatnonzero(is_left).tolist(), max_message_bytes)
    return decoded


def _read_plain(records: Records, max_bytes: int, fewest: int) -> pl.DataFrame:
    """The samples that the column path decodes; empty if it fails."""
    lines, places = records.lines(max_bytes)
    try:
        found = read_plain_samples(lines, fewest)
    # A polars panic is not an Exception, and must not end ingest.
    except (Exception, PanicException) as error:
        if not is_unexpected(error):
            raise
        report("decode", error)
        return SAMPLE_SCHEMA.to_frame()
    if len(places) == len(records):
        return found
    return found.with_columns(record=pl.Series(places, dtype=pl.Int32()).gather(found["record"]))


def _add_messages(decoded: Decoded, places: Sequence[int], max_bytes: int) -> None:
    """Adds the events of the records at these indexes, by the row path."""
    rows: list[tuple[Sample, int, int]] = []
    for place in places:
        events, rejections = _decode_message(decoded.records[place], max_bytes)
        decoded.rejections += rejections
        for event, origin in events:
            if isinstance(event, Sample):
                rows.append((event, place, ALONE if origin.index is None else origin.index))
            else:
                decoded.others.append((event, origin))
    if rows:
        both = [decoded.samples, samples_frame(rows)]
        decoded.samples = pl.concat(both).sort("record", "place")


def _decode_message(
    record: Record, max_bytes: int
) -> tuple[list[tuple[Event, Origin]], list[Rejection]]:
    try:
        return decode_message(record, max_bytes)
    except Exception as error:
        if not is_unexpected(error):
            raise
        report("decode", error)
        return [], [Rejection(Origin(record), "refused", detail_of(error))]


def samples_frame(rows: Sequence[tuple[Sample, int, int]]) -> pl.DataFrame:
    """A frame with SAMPLE_SCHEMA of samples, each with its `record` and `place`."""
    samples = [sample for sample, _, _ in rows]

    def numbers(name: str, dtype: Any) -> pl.Series:
        # The schema's bounds exclude NaN, so that it can stand for null.
        values = np.fromiter(map(attrgetter(name), samples), dtype, len(samples))
        return pl.Series(values).fill_nan(None) if dtype is np.float32 else pl.Series(values)

    columns: dict[str, Any] = {
        "ts": [round_us(sample.ts.timestamp()) for sample in samples],
        "agent": [agent_name(sample.user_id, sample.agent_id) for sample in samples],
        "record": [record for _, record, _ in rows],
        "place": [place for _, _, place in rows],
    }
    for name, kind in SAMPLE_SCHEMA.items():
        if name not in columns:
            columns[name] = numbers(name, np.float32 if kind.is_float() else np.int32)
    return pl.DataFrame({name: columns[name] for name in SAMPLE_SCHEMA}, SAMPLE_SCHEMA)


def round_us(seconds: float) -> int:
    """Seconds since 1970 as microseconds; a double is exact until 2106."""
    return round(seconds * 1e6)
