"""Reports stored offsets and lag to the group and to Prometheus."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from math import inf
from typing import NoReturn

import structlog
from aiokafka import TopicPartition

from ingest import metrics
from ingest.batch import OffsetSpan
from ingest.errors import HINT_KAFKA
from ingest.interfaces import RecordSource
from ingest.kafka.logends import LogEnd
from ingest.reading.partitionlag import PartitionLag
from ingest.reading.unreadable import SkippedBatch
from ingest.record import Record
from ingest.writing.offsets import Claim

log = structlog.get_logger("ingest")

REPORT_EVERY_S = 2.0
LOG_SILENCE_EVERY_S = 30.0


class ProgressReport:
    """The stored offsets and the lag of this consumer's partitions.

    A partition's series exist from its assignment until it is assigned to another consumer, so that
    alerts always have data.
    """

    def __init__(
        self,
        reassure: Callable[[], None],
        clock: Callable[[], float] = time.time,
        every_s: float = REPORT_EVERY_S,
    ) -> None:
        self._reassure = reassure
        self._every_s = every_s
        self._clock = clock
        self.stored: dict[TopicPartition, int] = {}
        self._lags: dict[TopicPartition, PartitionLag] = {}
        self._is_claimed = False
        self._is_due = asyncio.Event()
        self._silence_logged = -inf

    def revoke(self) -> None:
        """The partitions are revoked, and no new ones assigned yet."""
        metrics.ASSIGNED.set(0)
        self._is_claimed = False
        self.stored = {}

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """These partitions are assigned, not yet claimed; drops all others."""
        assigned = set(partitions)
        for partition in self._lags.keys() - assigned:
            _drop_series(partition)
        self._lags = {p: self._lags.get(p) or PartitionLag() for p in assigned}

    def start(self, claims: Mapping[TopicPartition, Claim]) -> None:
        """These partitions are claimed, and stored up to the claims' offsets."""
        for partition, claim in claims.items():
            self._lags.setdefault(partition, PartitionLag())
            if claim.last_record is not None:
                self._is_newer_than(partition, claim.last_record.ts_ms)
        self.stored = {partition: claim.next_offset for partition, claim in claims.items()}
        self._is_claimed = True
        # Report immediately: the previous owner no longer does.
        self._is_due.set()
        metrics.ASSIGNED.set(len(claims))
        self._reassure()

    def read(self, partition: TopicPartition, first: int, record: Record) -> None:
        """Records from offset `first` on were read, beginning with `record`."""
        # The placeholder of a skipped batch has no timestamp.
        if self.stored.get(partition) == first and not isinstance(record.value, SkippedBatch):
            self._is_newer_than(partition, record.timestamp)

    def move(self, spans: Mapping[TopicPartition, OffsetSpan]) -> None:
        """These spans are stored."""
        for partition, span in spans.items():
            # An abandoned write may end after its partition was revoked or claimed again.
            if self.stored.get(partition) != span.first:
                continue
            self.stored[partition] = span.next
            if span.last is not None:
                self._is_newer_than(partition, span.last.timestamp)
        self._reassure()

    async def run(self, source: RecordSource) -> NoReturn:
        """Reports every few seconds and after each claim."""
        while True:
            self._is_due.clear()
            await self.report(source)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._is_due.wait()

    async def report(self, source: RecordSource) -> None:
        """Exports the lag, and commits the offsets to the group."""
        if not self._is_claimed:
            await self._report_unclaimed(source)
            return
        stored = dict(self.stored)
        unclaimed = self._lags.keys() - stored.keys()
        committed = await source.committed_offsets(unclaimed) if unclaimed else {}
        ends = await self._report_lag(source, {**committed, **stored})
        if self.stored.keys() != stored.keys():
            # Revoked meanwhile: the new owner reports them.
            return
        # Unreadable partitions have their own metric: a restart would not help.
        readable = {p: end for p, end in self.stored.items() if p not in source.unreadable}
        if not stored:
            # More consumers than partitions: this one is idle.
            self._reassure()
        elif await source.commit_to_group(stored) and _are_read(readable, ends):
            self._reassure()

    async def _report_unclaimed(self, source: RecordSource) -> None:
        """Until the claim succeeds, the lag is relative to the group's committed offsets."""
        waiting = list(self._lags)
        await self._report_lag(source, await source.committed_offsets(waiting))

    async def _report_lag(
        self, source: RecordSource, stored: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, LogEnd]:
        """Without a response the lag in records is unchanged, and the lag in seconds grows."""
        asked_at = self._clock()
        ends = await source.log_ends(stored)
        silent = [p for p in stored if p not in ends and p not in source.unreadable]
        self._log_unresponsive(silent, asked_at)
        for partition, end in ends.items():
            if partition in self._lags:
                offset = self.stored.get(partition, stored[partition])
                self._lags[partition].measure(offset, end, asked_at)
        for partition, lag in self._lags.items():
            _set_series(partition, lag, self._clock())
        return ends

    def _log_unresponsive(self, silent: Sequence[TopicPartition], now: float) -> None:
        """Logs an unresponsive broker: with an idle consumer nothing else would."""
        if not silent:
            self._silence_logged = -inf
        elif now - self._silence_logged >= LOG_SILENCE_EVERY_S:
            self._silence_logged = now
            log.warning(
                "the broker does not report these partitions, will retry",
                partitions=[f"{p.topic}/{p.partition}" for p in silent],
                hint=HINT_KAFKA,
            )

    def _is_newer_than(self, partition: TopicPartition, timestamp_ms: int) -> None:
        if partition in self._lags:
            # A broker clock that is ahead must not make the lag negative.
            time_s = min(timestamp_ms / 1000, self._clock())
            self._lags[partition].is_newer_than(time_s)


def _are_read(stored: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, LogEnd]) -> bool:
    """Whether all committed records are stored; those of open transactions do not count.

    False for a partition whose log end is unknown.
    """
    return all(p in ends and ends[p].stable <= offset for p, offset in stored.items())


def _set_series(partition: TopicPartition, lag: PartitionLag, now: float) -> None:
    if lag.records is None:
        return
    labels = (partition.topic, str(partition.partition))
    metrics.LAG_RECORDS.labels(*labels).set(lag.records)
    metrics.LAG_SECONDS.labels(*labels).set(lag.age(now))
    metrics.OPEN_TRANSACTION_SECONDS.labels(*labels).set(lag.open_for(now))


def _drop_series(partition: TopicPartition) -> None:
    labels = (partition.topic, str(partition.partition))
    for gauge in (metrics.LAG_RECORDS, metrics.LAG_SECONDS, metrics.OPEN_TRANSACTION_SECONDS):
        gauge.remove(*labels)
