"""The first stage: reads records until a batch is full or its linger time is over."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, NoReturn

import structlog
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError

from ingest import metrics
from ingest.batch import Fetched
from ingest.errors import sentence
from ingest.interfaces import RecordSource
from ingest.reading.batchsize import BatchSize
from ingest.reading.budget import ByteBudget
from ingest.reading.claimer import Assignment
from ingest.reading.limits import Limits
from ingest.reading.polling import polled
from ingest.reading.progressreport import ProgressReport
from ingest.reading.writepriority import WritePriority

log = structlog.get_logger("ingest")

IDLE_FETCH_MS: Final = 500
BUSY_FETCH_MS: Final = 20
RETRY_S: Final = 1.0
CONTROL_EVERY_S: Final = 1.0


class Reader:
    """Reads the records of one assignment, each once and in order."""

    def __init__(
        self,
        source: RecordSource,
        assignment: Assignment,
        progress: ProgressReport,
        size: BatchSize,
        priority: WritePriority,
        limits: Limits,
        budget: ByteBudget,
    ) -> None:
        self._source = source
        self._assignment = assignment
        self._progress = progress
        self._size = size
        self._priority = priority
        self._budget = budget
        self._linger_s = limits.linger_s
        self._poll_s = limits.poll_s
        self._looked_for_control = 0.0

    async def run(self, batches: asyncio.Queue[Fetched]) -> NoReturn:
        """Puts batches into the queue; waits while the queue is full or the byte budget is used.

        Raises GapError if the log is not the stored one, OffsetOutOfRangeError if the log start is
        past our offset.
        """
        while True:
            fetched = await self._read_batch(batches)
            await self._wait_for(self._put(fetched, batches))

    async def _put(self, fetched: Fetched, batches: asyncio.Queue[Fetched]) -> None:
        await self._budget.take(fetched.nbytes)
        await batches.put(fetched)

    async def _read_batch(self, batches: asyncio.Queue[Fetched]) -> Fetched:
        fetched = Fetched()
        since = 0.0
        while True:
            await self._wait_for_writer()
            await self._read(fetched, self._timeout_ms(fetched, since, batches))
            if not fetched.spans:
                continue
            since = since or time.monotonic()
            is_due = time.monotonic() - since >= self._linger_s and not batches.full()
            if is_due or self._size.is_full(fetched):
                return fetched

    async def _wait_for_writer(self) -> None:
        """The only place where reading waits for the writer's priority."""
        if not self._priority.is_set():
            await self._wait_for(self._priority.wait())

    async def _wait_for(self, step: Awaitable[object]) -> None:
        async with polled(self._source, self._poll_s):
            await step
        self._source.resume()

    def _timeout_ms(self, fetched: Fetched, since: float, batches: asyncio.Queue[Fetched]) -> int:
        if not fetched.spans:
            return IDLE_FETCH_MS
        if batches.full():
            return BUSY_FETCH_MS
        return max(1, round((self._linger_s - (time.monotonic() - since)) * 1000))

    async def _read(self, fetched: Fetched, timeout_ms: int) -> None:
        try:
            await self._take(fetched, timeout_ms)
            await self._take_control_offsets(fetched)
        except OffsetOutOfRangeError:
            raise
        except KafkaError as error:
            metrics.RETRIES.labels("fetch").inc()
            log.warning("fetch failed", error=sentence(error))
            # A failed fetch may have dropped records: seek back to the last accepted position.
            # If the partitions were revoked meanwhile, there is nothing to seek.
            with suppress(IllegalStateError):
                positions = self._assignment.positions
                self._source.start_at(positions.starts(), positions.next)
            await asyncio.sleep(RETRY_S)

    async def _take(self, fetched: Fetched, timeout_ms: int) -> None:
        positions = self._assignment.positions
        arrived = await self._source.fetch(timeout_ms, self._size.records_to_fetch(fetched))
        for partition, records in arrived.items():
            first = positions.next[partition]
            new = positions.accept(partition, records, self._source.damaged_to(partition))
            if new:
                self._progress.read(partition, first, new[0])
            fetched.add(partition, first, new)

    async def _take_control_offsets(self, fetched: Fetched) -> None:
        """Covers the offsets of control records, which the consumer does not return."""
        now = time.monotonic()
        if now < self._looked_for_control + CONTROL_EVERY_S:
            return
        self._looked_for_control = now
        passed = self._assignment.positions.pass_over(await self._source.reached())
        for partition, (first, end) in passed.items():
            fetched.add_control_offsets(partition, first, end)
