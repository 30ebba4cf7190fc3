"""Halves an intake by messages, so that the one the database refuses is found among thousands."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from aiokafka import TopicPartition

from ingest.batch import Intake, Origin, Span
from ingest.record import Record

Place = tuple[TopicPartition, int]


def messages(intake: Intake) -> list[Record]:
    """The records that rows came from, each once, by partition and offset."""
    found = _records([*intake.origins, *(origin for _, origin in intake.others)])
    return [found[place] for place in sorted(found)]


def halve(intake: Intake) -> tuple[Intake, Intake]:
    """Two intakes with the rows of half the messages each; the first is to be stored first.

    Together they have the intake's spans and rejections, each span in its order. The intake has
    rows of two messages or more.
    """
    found = messages(intake)
    middle = len(found) // 2
    before, cut = found[middle - 1], place_of(found[middle])
    left_spans, right_spans = _divide(intake.spans, before, cut)
    left = _part(intake, lambda record: place_of(record) < cut, left_spans)
    right = _part(intake, lambda record: place_of(record) >= cut, right_spans)
    # An array of no events is a record too, and in neither part.
    right.records = intake.records - left.records
    return left, right


def place_of(record: Record) -> Place:
    """What tells a record from all others."""
    return TopicPartition(record.topic, record.partition), record.offset


def _records(origins: Iterable[Origin]) -> dict[Place, Record]:
    return {place_of(origin.record): origin.record for origin in origins}


def _divide(
    spans: Mapping[TopicPartition, Span], before: Record, cut: Place
) -> tuple[dict[TopicPartition, Span], dict[TopicPartition, Span]]:
    """The spans up to the record `before` the cut, and the rest of them."""
    here, _ = cut
    left = {partition: span for partition, span in spans.items() if partition < here}
    right = {partition: span for partition, span in spans.items() if partition >= here}
    if place_of(before)[0] == here:
        whole, next_offset = spans[here], before.offset + 1
        left[here] = Span(whole.first, next_offset, before)
        right[here] = Span(next_offset, whole.next, whole.last)
    return left, right


def _part(
    intake: Intake, belongs: Callable[[Record], bool], spans: dict[TopicPartition, Span]
) -> Intake:
    kept = [i for i, origin in enumerate(intake.origins) if belongs(origin.record)]
    origins = [intake.origins[i] for i in kept]
    others = [other for other in intake.others if belongs(other[1].record)]
    rejections = [told for told in intake.rejections if belongs(told.origin.record)]
    records = _records([*origins, *(o for _, o in others), *(told.origin for told in rejections)])
    return Intake(
        samples=[intake.samples[i] for i in kept],
        origins=origins,
        others=others,
        rejections=rejections,
        spans=spans,
        records=Counter(partition.topic for partition, _ in records),
        nbytes=sum(len(record.value or b"") for record in records.values()),
        sample_partitions={origin.record.partition for origin in origins},
        sample_times_us=intake.sample_times_us[kept],
    )
