"""How far each partition is stored: reported to the group and to Prometheus, never read back."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf

import structlog
from aiokafka import TopicPartition

from ingest import metrics
from ingest.batch import Span
from ingest.errors import MEND_KAFKA
from ingest.fetch import Fetcher
from ingest.logends import LogEnd
from ingest.offsets import Claim
from ingest.record import Record
from ingest.standing import Standing
from ingest.unread import SkippedBatch

log = structlog.get_logger("ingest")

TELL_EVERY_S = 2.0
TELL_SILENCE_EVERY_S = 30.0


class Progress:
    """How far this consumer's partitions are stored.

    A partition has its series from the moment that the group assigns it until the group has
    assigned it to somebody else: an alert on it is never without figures in between.
    """

    def __init__(
        self,
        reassure: Callable[[], None],
        clock: Callable[[], float] = time.time,
        every_s: float = TELL_EVERY_S,
    ) -> None:
        self._reassure = reassure
        self._every_s = every_s
        self._clock = clock
        self.stored: dict[TopicPartition, int] = {}
        self._standings: dict[TopicPartition, Standing] = {}
        self._is_claimed = False
        self._told = -inf
        self._silence_told = -inf

    def give_up(self) -> None:
        """The group takes its partitions back, and has not assigned any yet."""
        metrics.ASSIGNED.set(0)
        self._is_claimed = False
        self.stored = {}

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """The group has assigned these, which are still to be claimed; forgets all others."""
        assigned = set(partitions)
        for partition in self._standings.keys() - assigned:
            _drop_series(partition)
        self._standings = {p: self._standings.get(p) or Standing() for p in assigned}

    def start(self, claims: Mapping[TopicPartition, Claim]) -> None:
        """These are claimed, and stored as far as the claims say."""
        for partition, claim in claims.items():
            self._standings.setdefault(partition, Standing())
            if claim.last_record is not None:
                self._is_newer_than(partition, claim.last_record.ts_ms)
        self.stored = {partition: claim.next_offset for partition, claim in claims.items()}
        self._is_claimed = True
        # At once: whoever had them before reports them no more.
        self._told = -inf
        metrics.ASSIGNED.set(len(claims))
        self._reassure()

    def read(self, partition: TopicPartition, first: int, record: Record) -> None:
        """Records from this offset on have been read, this one first."""
        # What stands for a batch that was passed over has no time of its own.
        if self.stored.get(partition) == first and not isinstance(record.value, SkippedBatch):
            self._is_newer_than(partition, record.timestamp)

    def move(self, spans: Mapping[TopicPartition, Span]) -> None:
        """These spans are stored."""
        for partition, span in spans.items():
            self.stored[partition] = span.next
            if span.last is not None:
                self._is_newer_than(partition, span.last.timestamp)
        self._reassure()

    async def tell(self, fetcher: Fetcher) -> None:
        """Reports the lag, and its offsets to the group, every few seconds at most."""
        now = time.monotonic()
        if now - self._told < self._every_s:
            return
        self._told = now
        if not self._is_claimed:
            await self._tell_unclaimed(fetcher)
            return
        stored = dict(self.stored)
        unclaimed = self._standings.keys() - stored.keys()
        told = await fetcher.told_offsets(unclaimed) if unclaimed else {}
        ends = await self._tell_lag(fetcher, {**told, **stored})
        if self.stored.keys() != stored.keys():
            # Given up meanwhile: what becomes of them is another's to report.
            return
        # What cannot be read is reported by itself: to start again would not help.
        readable = {p: end for p, end in self.stored.items() if p not in fetcher.unreadable}
        if not stored:
            # More consumers than partitions: this one is a spare, and has nothing to do.
            self._reassure()
        elif await fetcher.tell_group(stored) and _are_read(readable, ends):
            self._reassure()

    async def _tell_unclaimed(self, fetcher: Fetcher) -> None:
        """While the database keeps a claim waiting, what the group was told last has to do."""
        waiting = list(self._standings)
        await self._tell_lag(fetcher, await fetcher.told_offsets(waiting))

    async def _tell_lag(
        self, fetcher: Fetcher, stored: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, LogEnd]:
        """Without an answer of the broker the records stay as they are, and their age grows."""
        asked = self._clock()
        ends = await fetcher.log_ends(stored)
        silent = [p for p in stored if p not in ends and p not in fetcher.unreadable]
        self._tell_silence(silent, asked)
        for partition, end in ends.items():
            if partition in self._standings:
                offset = self.stored.get(partition, stored[partition])
                self._standings[partition].measure(offset, end, asked)
        for partition, standing in self._standings.items():
            _set_series(partition, standing, self._clock())
        return ends

    def _tell_silence(self, silent: Sequence[TopicPartition], now: float) -> None:
        """Logs that the broker does not answer: nothing else does while nothing is sent to it."""
        if not silent:
            self._silence_told = -inf
        elif now - self._silence_told >= TELL_SILENCE_EVERY_S:
            self._silence_told = now
            log.warning(
                "the broker does not answer for these partitions, will ask again",
                partitions=[f"{p.topic}/{p.partition}" for p in silent],
                hint=MEND_KAFKA,
            )

    def _is_newer_than(self, partition: TopicPartition, timestamp_ms: int) -> None:
        if partition in self._standings:
            # A clock that is ahead makes no record younger than one of this moment.
            moment = min(timestamp_ms / 1000, self._clock())
            self._standings[partition].is_newer_than(moment)


def _are_read(stored: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, LogEnd]) -> bool:
    """Whether all is stored that may be read; what a transaction withholds is not ours to wait for.

    Where the broker does not say, nobody knows.
    """
    return all(p in ends and ends[p].stable <= offset for p, offset in stored.items())


def _set_series(partition: TopicPartition, standing: Standing, now: float) -> None:
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
