"""How far each partition is stored: told to the group and to Prometheus, never read back."""

import time
from collections.abc import Callable, Mapping

from aiokafka import TopicPartition

from ingest import metrics
from ingest.batch import Span
from ingest.fetch import Fetcher

TELL_EVERY_S = 2.0


class Progress:
    """How far this consumer's partitions are stored."""

    def __init__(
        self, reassure: Callable[[], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._reassure = reassure
        self._clock = clock
        self.stored: dict[TopicPartition, int] = {}
        self._newest_s: dict[TopicPartition, float] = {}
        self._told = 0.0

    def start(self, positions: Mapping[TopicPartition, int]) -> None:
        """Forgets other partitions; these are stored up to here."""
        metrics.LAG_RECORDS.clear()
        metrics.LAG_SECONDS.clear()
        metrics.ASSIGNED.set(len(positions))
        self.stored = dict(positions)
        self._newest_s = {}
        self._reassure()

    def move(self, spans: Mapping[TopicPartition, Span]) -> None:
        """These spans are stored."""
        for partition, span in spans.items():
            self.stored[partition] = span.next
            if span.last is not None:
                self._newest_s[partition] = span.last.timestamp / 1000
        self._reassure()

    async def tell(self, fetcher: Fetcher) -> None:
        """Tells the lag, and the group its offsets, every few seconds at most."""
        now = time.monotonic()
        if now - self._told < TELL_EVERY_S:
            return
        self._told = now
        if not self.stored:
            self._reassure()
            return
        stored = dict(self.stored)
        ends = await fetcher.log_ends(stored)
        if self.stored.keys() != stored.keys():
            # Given up meanwhile: their lag is another's to tell.
            return
        behind = {p: max(0, end - self.stored[p]) for p, end in ends.items()}
        for partition, records in behind.items():
            self._tell_lag(partition, records)
        # What cannot be read is reported by itself: to start again would not help.
        waiting = [p for p, records in behind.items() if records and p not in fetcher.unreadable]
        if await fetcher.tell_group(stored) and ends and not waiting:
            self._reassure()

    def _tell_lag(self, partition: TopicPartition, behind: int) -> None:
        newest = self._newest_s.get(partition)
        age = max(0.0, self._clock() - newest) if behind and newest is not None else 0.0
        labels = (partition.topic, str(partition.partition))
        metrics.LAG_RECORDS.labels(*labels).set(behind)
        metrics.LAG_SECONDS.labels(*labels).set(age)
