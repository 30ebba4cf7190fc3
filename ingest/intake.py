"""Adds fetched records to what waits to be written."""

from collections.abc import Sequence, Set

from aiokafka import TopicPartition

from ingest.batch import Agent, Intake, Origin, Rejection, Span
from ingest.decode import decode, decode_samples
from ingest.record import Record
from ingest.unexpected import detail_of, is_unexpected, report
from ingest.unread import SkippedBatch
from schemas.events import Event, Sample


def add_records(
    intake: Intake,
    partition: TopicPartition,
    first: int,
    records: Sequence[Record],
    max_message_bytes: int,
    known: Set[Agent],
) -> None:
    """Decodes records, the next of their partition in order; `first` is the offset expected.

    `known` are agents whose ids were seen before.
    """
    if not records:
        return
    samples_before = len(intake.samples)
    samples = _decode_samples(records, max_message_bytes, known)
    if samples is None:
        for record in records:
            _add_record(intake, record, max_message_bytes)
    else:
        intake.samples += samples
        intake.origins += map(Origin, records)
    if len(intake.samples) > samples_before:
        intake.sample_partitions.add(partition.partition)
    started = intake.spans.get(partition)
    intake.records[partition.topic] += len(records)
    intake.nbytes += sum(len(record.value or b"") for record in records)
    intake.spans[partition] = Span(
        started.first if started else first,
        records[-1].offset + 1,
        _last_known(records) or (started.last if started else None),
    )


def _last_known(records: Sequence[Record]) -> Record | None:
    """The last one that is met again when its offset is read again."""
    found = (record for record in reversed(records) if not isinstance(record.value, SkippedBatch))
    return next(found, None)


def add_marks(intake: Intake, partition: TopicPartition, first: int, end: int) -> None:
    """Covers offsets [first, end), the next of their partition, that hold no records."""
    started = intake.spans.get(partition)
    intake.spans[partition] = (
        Span(started.first, end, started.last) if started else Span(first, end, None)
    )


def _add_record(intake: Intake, record: Record, max_message_bytes: int) -> None:
    events, rejections = _decode(record, max_message_bytes)
    for event, origin in events:
        if isinstance(event, Sample):
            intake.samples.append(event)
            intake.origins.append(origin)
        else:
            intake.others.append((event, origin))
    intake.rejections.extend(rejections)


def _decode_samples(
    records: Sequence[Record], max_message_bytes: int, known: Set[Agent]
) -> list[Sample] | None:
    try:
        return decode_samples(records, max_message_bytes, known)
    except Exception as error:
        if not is_unexpected(error):
            raise
        report("decode", error)
        return None


def _decode(
    record: Record, max_message_bytes: int
) -> tuple[list[tuple[Event, Origin]], list[Rejection]]:
    try:
        return decode(record, max_message_bytes)
    except Exception as error:
        if not is_unexpected(error):
            raise
        report("decode", error)
        return [], [Rejection(Origin(record), "refused", detail_of(error))]
