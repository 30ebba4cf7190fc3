"""The position of each claimed partition, and detection of gaps and recreated topics."""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from ingest.kafka.logidentity import LogIdentity
from ingest.record import Record
from ingest.unexpectederrors import StepError
from ingest.writing.offsets import Claim, LastRecord

Bounds = tuple[int, int]


class GapError(StepError):
    """Stored offset and log do not match; continuing would lose or repeat records silently."""

    def __init__(self, partition: TopicPartition, what: str) -> None:
        super().__init__(
            f"{partition.topic}/{partition.partition}: {what}. To continue at the log's start "
            "and count the gap, run 'fleetgauge ingest --accept-gap'"
        )
        self.partition = partition


def find_gap(
    partition: TopicPartition, claim: Claim, bounds: Bounds, cluster_id: str
) -> GapError | None:
    """The gap between the claim's offset and a log with bounds [start, end), if there is one."""
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
    """The gap if the claim's offset belongs to an older topic of this name and cluster."""
    if claim.cluster_id != log.cluster_id or claim.topic_id in (None, log.topic_id):
        return None
    return GapError(
        partition,
        f"stored offset {claim.next_offset} belongs to the topic with id {claim.topic_id}, this "
        f"one has id {log.topic_id}: the topic was recreated",
    )


class Positions:
    """The next offset of each partition.

    Reading starts at the last stored record if it is known and still in the log. If another record
    is found there, the topic was recreated or truncated and has grown past the stored offset.
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
        """The offsets at which reading starts."""
        return {
            partition: self._known[partition].offset if partition in self._known else offset
            for partition, offset in self.next.items()
        }

    def accept(
        self, partition: TopicPartition, records: Sequence[Record], damaged_to: int = 0
    ) -> Sequence[Record]:
        """The new records among the next fetched ones; raises GapError at an unexpected record.

        Damage before the offset `damaged_to` was skipped, so the last stored record may be missing.
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
        """Advances past control records up to these offsets; returns the ranges passed over."""
        passed = {
            partition: (self.next[partition], offset)
            for partition, offset in reached.items()
            # A partition without a leader is assigned but not claimed.
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
