"""Bisects decoded events by message, to find the one that the database refuses."""

from collections import Counter
from collections.abc import Mapping

import polars as pl
from aiokafka import TopicPartition

from ingest.batch import Decoded, OffsetSpan
from ingest.record import Record
from ingest.rejection import Origin

RecordPosition = tuple[TopicPartition, int]


def messages(decoded: Decoded) -> list[Record]:
    """The distinct records of all rows, ordered by partition and offset."""
    found = {place_of(record): record for record in _records(decoded)}
    return [found[place] for place in sorted(found)]


def bisect(decoded: Decoded) -> tuple[Decoded, Decoded]:
    """Two parts with half of the messages each; the first part must be stored first.

    Together they have all spans and rejections. Requires at least two messages with rows.
    """
    found = messages(decoded)
    middle = len(found) // 2
    before, cut = found[middle - 1], place_of(found[middle])
    left_spans, right_spans = _divide(decoded.spans, before, cut)
    left = _part(decoded, cut, left_spans, is_left=True)
    right = _part(decoded, cut, right_spans, is_left=False)
    # An empty array is a record without rows: it counts in the right part.
    right.counts = decoded.counts - left.counts
    return left, right


def place_of(record: Record) -> RecordPosition:
    """A record's partition and offset, which identify it."""
    return TopicPartition(record.topic, record.partition), record.offset


def _records(decoded: Decoded) -> list[Record]:
    of_samples = decoded.samples["record"].unique()
    return [
        *(decoded.records[place] for place in of_samples),
        *(origin.record for _, origin in decoded.others),
    ]


def _divide(
    spans: Mapping[TopicPartition, OffsetSpan], before: Record, cut: RecordPosition
) -> tuple[dict[TopicPartition, OffsetSpan], dict[TopicPartition, OffsetSpan]]:
    """The spans up to and including the record `before` the cut, and the rest."""
    here, _ = cut
    left = {partition: span for partition, span in spans.items() if partition < here}
    right = {partition: span for partition, span in spans.items() if partition >= here}
    if place_of(before)[0] == here:
        whole, next_offset = spans[here], before.offset + 1
        left[here] = OffsetSpan(whole.first, next_offset, before)
        right[here] = OffsetSpan(next_offset, whole.next, whole.last)
    return left, right


def _part(
    decoded: Decoded, cut: RecordPosition, spans: dict[TopicPartition, OffsetSpan], *, is_left: bool
) -> Decoded:
    """The part before the cut, or the part from it on."""

    def belongs(origin: Origin) -> bool:
        return (place_of(origin.record) < cut) is is_left

    # Records are ordered by partition and offset.
    end = sum(place_of(record) < cut for record in decoded.records)
    before = pl.col("record") < end
    part = Decoded(
        samples=decoded.samples.filter(before if is_left else ~before),
        records=decoded.records,
        others=[other for other in decoded.others if belongs(other[1])],
        rejections=[one for one in decoded.rejections if belongs(one.origin)],
        spans=spans,
    )
    rejected = [one.origin.record for one in part.rejections]
    places = {place_of(record) for record in [*_records(part), *rejected]}
    part.counts = Counter(partition.topic for partition, _ in places)
    return part
