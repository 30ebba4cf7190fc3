"""Adds fetched records to what waits to be written."""

from collections.abc import Sequence

from aiokafka import TopicPartition

from ingest.batch import Intake, Origin, Record, Span
from ingest.decode import decode, decode_sample
from schemas.events import Sample


def add_records(
    intake: Intake,
    partition: TopicPartition,
    first: int,
    records: Sequence[Record],
    max_message_bytes: int,
) -> None:
    """Decodes records, the next of their partition in order; `first` is the offset expected."""
    if not records:
        return
    # A partition mostly holds one kind: after a miss the rest goes the long way.
    samples_only = True
    samples_before = len(intake.samples)
    for record in records:
        sample = decode_sample(record, max_message_bytes) if samples_only else None
        if sample is None:
            samples_only = False
            _add_record(intake, record, max_message_bytes)
        else:
            intake.samples.append(sample)
            intake.origins.append(Origin(record))
        intake.nbytes += len(record.value or b"")
    if len(intake.samples) > samples_before:
        intake.sample_partitions.add(partition.partition)
    started = intake.spans.get(partition)
    intake.records[partition.topic] += len(records)
    intake.spans[partition] = Span(
        started.first if started else first, records[-1].offset + 1, records[-1]
    )


def _add_record(intake: Intake, record: Record, max_message_bytes: int) -> None:
    events, rejections = decode(record, max_message_bytes)
    for event, origin in events:
        if isinstance(event, Sample):
            intake.samples.append(event)
            intake.origins.append(origin)
        else:
            intake.others.append((event, origin))
    intake.rejections.extend(rejections)
