"""How far each partition is stored: reported to the group and to Prometheus, never read back."""

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
    """How far this consumer's partitions are stored.

    A partition has its series from the moment that the group assigns it until the group has
    assigned it to somebody else: an alert on it is never without figures in between.
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

    def give_up(self) -> None:
        """The group takes its partitions back, and has not assigned any yet."""
        metrics.ASSIGNED.set(0)
        self._is_claimed = False
        self.stored = {}

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """The group has assigned these, which are still to be claimed; forgets all others."""
        assigned = set(partitions)
        for partition in self._lags.keys() - assigned:
            _drop_series(partition)
        self._lags = {p: self._lags.get(p) or PartitionLag() for p in assigned}

    def start(self, claims: Mapping[TopicPartition, Claim]) -> None:
        """These are claimed, and stored as far as the claims say."""
        for partition, claim in claims.items():
            self._lags.setdefault(partition, PartitionLag())
            if claim.last_record is not None:
                self._is_newer_than(partition, claim.last_record.ts_ms)
        self.stored = {partition: claim.next_offset for partition, claim in claims.items()}
        self._is_claimed = True
        # At once: whoever had them before reports them no more.
        self._is_due.set()
        metrics.ASSIGNED.set(len(claims))
        self._reassure()

    def read(self, partition: TopicPartition, first: int, record: Record) -> None:
        """Records from this offset on have been read, this one first."""
        # What stands for a batch that was passed over has no time of its own.
        if self.stored.get(partition) == first and not isinstance(record.value, SkippedBatch):
            self._is_newer_than(partition, record.timestamp)

    def move(self, spans: Mapping[TopicPartition, OffsetSpan]) -> None:
        """These spans are stored."""
        for partition, span in spans.items():
            # A write that was given up may end when its partition is another's, or claimed again.
            if self.stored.get(partition) != span.first:
                continue
            self.stored[partition] = span.next
            if span.last is not None:
                self._is_newer_than(partition, span.last.timestamp)
        self._reassure()

    async def run(self, source: RecordSource) -> NoReturn:
        """Reports every few seconds, and whenever partitions have been claimed."""
        while True:
            self._is_due.clear()
            await self.report(source)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._is_due.wait()

    async def report(self, source: RecordSource) -> None:
        """Reports the lag, and its offsets to the group."""
        if not self._is_claimed:
            await self._report_unclaimed(source)
            return
        stored = dict(self.stored)
        unclaimed = self._lags.keys() - stored.keys()
        committed = await source.committed_offsets(unclaimed) if unclaimed else {}
        ends = await self._report_lag(source, {**committed, **stored})
        if self.stored.keys() != stored.keys():
            # Given up meanwhile: what becomes of them is another's to report.
            return
        # What cannot be read is reported by itself: to start again would not help.
        readable = {p: end for p, end in self.stored.items() if p not in source.unreadable}
        if not stored:
            # More consumers than partitions: this one is a spare, and has nothing to do.
            self._reassure()
        elif await source.commit_to_group(stored) and _are_read(readable, ends):
            self._reassure()

    async def _report_unclaimed(self, source: RecordSource) -> None:
        """While the database keeps a claim waiting, what the group was told last has to do."""
        waiting = list(self._lags)
        await self._report_lag(source, await source.committed_offsets(waiting))

    async def _report_lag(
        self, source: RecordSource, stored: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, LogEnd]:
        """Without an answer of the broker the records stay as they are, and their age grows."""
        asked = self._clock()
        ends = await source.log_ends(stored)
        silent = [p for p in stored if p not in ends and p not in source.unreadable]
        self._log_silence(silent, asked)
        for partition, end in ends.items():
            if partition in self._lags:
                offset = self.stored.get(partition, stored[partition])
                self._lags[partition].measure(offset, end, asked)
        for partition, standing in self._lags.items():
            _set_series(partition, standing, self._clock())
        return ends

    def _log_silence(self, silent: Sequence[TopicPartition], now: float) -> None:
        """Logs that the broker does not answer: nothing else does while nothing is sent to it."""
        if not silent:
            self._silence_logged = -inf
        elif now - self._silence_logged >= LOG_SILENCE_EVERY_S:
            self._silence_logged = now
            log.warning(
                "the broker does not answer for these partitions, will ask again",
                partitions=[f"{p.topic}/{p.partition}" for p in silent],
                hint=HINT_KAFKA,
            )

    def _is_newer_than(self, partition: TopicPartition, timestamp_ms: int) -> None:
        if partition in self._lags:
            # A clock that is ahead makes no record younger than one of this moment.
            moment = min(timestamp_ms / 1000, self._clock())
            self._lags[partition].is_newer_than(moment)


def _are_read(stored: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, LogEnd]) -> bool:
    """Whether all is stored that may be read; what a transaction withholds is not ours to wait for.

    Where the broker does not say, nobody knows.
    """
    return all(p in ends and ends[p].stable <= offset for p, offset in stored.items())


def _set_series(partition: TopicPartition, standing: PartitionLag, now: float) -> None:
    if standing.behind is None:
        return
    labels = (partition.topic, str(partition.partition))
    metrics.LAG_RECORDS.labels(*labels).set(standing.behind)
    metrics.LAG_SECONDS.labels(*labels).set(standing.age(now))
    metrics.OPEN_TRANSACTION_SECONDS.labels(*labels).set(standing.open_for(now))


def _drop_series(partition: TopicPartition) -> None:
    labels = (partition.topic, str(partition.partition))
    for gauge in (metrics.LAG_RECORDS, metrics.LAG_SECONDS, metrics.OPEN_TRANSACTION_SECONDS):
        gauge.remove(*labels)
