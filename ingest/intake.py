"""Adds fetched records to what waits to be written."""

from collections.abc import Sequence

from aiokafka import TopicPartition

from ingest.batch import Intake, Record, Span
from ingest.decode import decode
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
    for record in records:
        events, rejections = decode(record, max_message_bytes)
        for event, origin in events:
            if isinstance(event, Sample):
                intake.samples.append(event)
                intake.origins.append(origin)
            else:
                intake.others.append((event, origin))
        intake.rejections.extend(rejections)
        intake.nbytes += len(record.value or b"")
    started = intake.spans.get(partition)
    intake.records[partition.topic] += len(records)
    intake.spans[partition] = Span(
        started.first if started else first, records[-1].offset + 1, records[-1]
    )
