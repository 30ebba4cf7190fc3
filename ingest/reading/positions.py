"""Where each claimed partition stands, and whether its log is still the one that was stored."""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from ingest.kafka.logidentity import LogIdentity
from ingest.record import Record
from ingest.unexpectederrors import StepError
from ingest.writing.offsets import Claim, LastRecord

Bounds = tuple[int, int]


class GapError(StepError):
    """Stored offsets and the log do not meet; going on would lose or repeat records silently."""

    def __init__(self, partition: TopicPartition, what: str) -> None:
        super().__init__(
            f"{partition.topic}/{partition.partition}: {what}. To go on from the start of the log "
            "and count the gap, run 'fleetgauge ingest --accept-gap'"
        )
        self.partition = partition


def find_gap(
    partition: TopicPartition, claim: Claim, bounds: Bounds, cluster_id: str
) -> GapError | None:
    """What is wrong with going on at the claim's offset in a log [start, end), if anything."""
    start, end = bounds
    at = claim.next_offset
    if claim.cluster_id != cluster_id:
        return GapError(
            partition,
            f"stored offset {at} belongs to cluster {claim.cluster_id}, this is {cluster_id}",
        )
    if at < start:
        return GapError(
            partition,
            f"stored offset {at} is below the log's start {start}: {start - at} records were "
            "deleted before they were stored",
        )
    if at > end:
        return GapError(
            partition,
            f"stored offset {at} is past the log's end {end}: the topic was recreated or truncated",
        )
    return None


def find_recreated(partition: TopicPartition, claim: Claim, log: LogIdentity) -> GapError | None:
    """Whether the claim's offset belongs to another topic of this name and cluster."""
    if claim.cluster_id != log.cluster_id or claim.topic_id in (None, log.topic_id):
        return None
    return GapError(
        partition,
        f"stored offset {claim.next_offset} belongs to the topic with id {claim.topic_id}, this "
        f"one has id {log.topic_id}: the topic was recreated",
    )


class Positions:
    """The next offset of each partition.

    Reading starts at the record that was stored last where it is known and still there: it must be
    that one, or the topic was recreated, or its log truncated, and has outgrown the stored offset.
    """

    def __init__(
        self, claims: Mapping[TopicPartition, Claim], bounds: Mapping[TopicPartition, Bounds]
    ) -> None:
        self.next = {partition: claim.next_offset for partition, claim in claims.items()}
        self._known: dict[TopicPartition, LastRecord] = {
            partition: claim.last_record
            for partition, claim in claims.items()
            if claim.last_record is not None and claim.last_record.offset >= bounds[partition][0]
        }

    def starts(self) -> dict[TopicPartition, int]:
        """Where reading begins."""
        return {
            partition: self._known[partition].offset if partition in self._known else offset
            for partition, offset in self.next.items()
        }

    def go_back(self, stored: Mapping[TopicPartition, int]) -> None:
        """Reads again what was accepted beyond these offsets."""
        self.next.update(stored)

    def accept(
        self, partition: TopicPartition, records: Sequence[Record], damaged_to: int = 0
    ) -> Sequence[Record]:
        """The new ones of the records that arrived next; raises GapError at a strange one.

        Damage before the offset `damaged_to` was passed over: a record there is not met again.
        """
        known = self._known.pop(partition, None)
        if known is not None and known.offset < damaged_to:
            records = [one for one in records if one.offset >= self.next[partition]]
        elif known is not None:
            self._recognise(partition, known, records[0])
            records = records[1:]
        if records:
            self.next[partition] = records[-1].offset + 1
        return records

    def pass_over(self, reached: Mapping[TopicPartition, int]) -> dict[TopicPartition, Bounds]:
        """Of what is read up to these offsets, that which came after the last record: marks."""
        passed = {
            partition: (self.next[partition], offset)
            for partition, offset in reached.items()
            # One without a leader is assigned, and not claimed.
            if offset > self.next.get(partition, offset) and partition not in self._known
        }
        self.next.update({partition: end for partition, (_, end) in passed.items()})
        return passed

    def _recognise(self, partition: TopicPartition, known: LastRecord, record: Record) -> None:
        if LastRecord.of(record) != known:
            raise GapError(
                partition,
                f"the record at offset {record.offset} is not the one that was stored at "
                f"{known.offset}: the topic was recreated or truncated",
            )
