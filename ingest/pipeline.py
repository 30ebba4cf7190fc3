"""The loop: fetch and decode the next batch while this one is written.

One piece of work runs beside the fetching, a claim or a write. What goes wrong ends in one of three
ways: tried again (database or broker away), claimed again (fenced), or told (a gap).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError

from ingest import metrics
from ingest.agents import AgentDirectory
from ingest.batch import Intake
from ingest.database import Pool
from ingest.deadletter import DeadLetters
from ingest.fetch import Fetcher
from ingest.intake import add_records
from ingest.limits import Limits
from ingest.offsets import FencedError
from ingest.positions import GapError
from ingest.progress import Progress
from ingest.retry import backoff
from ingest.shape import agents_of, check_times, shape
from ingest.takeover import Assignment, TakeOver
from ingest.write import write_batch
from schemas.events import MAX_EVENTS_A_MESSAGE

log = structlog.get_logger("ingest")

# What is fetched at once is decoded at once, and may overfill a batch by so much.
FETCH_RECORDS: Final = 5_000
FETCH_EVENTS: Final = 10_000
IDLE_FETCH_MS: Final = 500
BUSY_FETCH_MS: Final = 20
# Work that takes longer has the partitions paused, and the group told that we are alive.
PATIENCE_S: Final = 1.0


class Pipeline:
    """Moves records into the database. `run` may be cancelled anywhere: the offsets decide."""

    def __init__(
        self, pool: Pool, dead_letters: DeadLetters, take_over: TakeOver, limits: Limits
    ) -> None:
        self._pool = pool
        self._dead_letters = dead_letters
        self._take_over = take_over
        self._limits = limits
        self._agents = AgentDirectory(pool)
        self._progress = Progress()
        self._assignment: Assignment | None = None
        self._intake = Intake()
        self._waiting_since = 0.0
        self._work: asyncio.Task[None] | None = None
        self._events_a_record: float = MAX_EVENTS_A_MESSAGE
        self._paused = False
        self._draining = False

    async def run(self, fetcher: Fetcher) -> None:
        """Runs until cancelled; raises GapError where stored offsets and the log do not meet."""
        try:
            while True:
                if fetcher.reassigned.is_set():
                    fetcher.reassigned.clear()
                    await self._end_work()
                    self._start(self._claim(fetcher))
                await self._settle(fetcher)
                if self._must_wait():
                    await self._wait(fetcher)
                else:
                    await self._read(fetcher)
                    self._write_if_due()
        finally:
            await self._end_work()

    async def drain(self, fetcher: Fetcher) -> None:
        """Begins no further batch, and lets the one that is being written end in time."""
        self._draining = True
        if self._work is not None and self._assignment is not None:
            await asyncio.wait({self._work}, timeout=self._limits.drain_s)
        await fetcher.tell_group(self._progress.stored)

    async def on_revoked(self) -> None:
        """Gives a write that is under way a moment to end; what waits is for the next owner."""
        self._forget()
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=self._limits.patience_s)
        await self._end_work()
        # It may have been a claim, and have ended.
        self._forget()
        self._progress.start({})

    def _forget(self) -> None:
        self._assignment = None
        self._intake = Intake()
        self._paused = False

    def _start(self, claim: Coroutine[Any, Any, None]) -> None:
        """Leaves what was read and not written, to be read again after a claim."""
        self._forget()
        self._work = asyncio.create_task(claim)

    async def _end_work(self) -> None:
        work, self._work = self._work, None
        if work is None:
            return
        work.cancel()
        # A server that does not answer must not hold up the group: the fence keeps out whatever
        # comes of it.
        done, _ = await asyncio.wait({work}, timeout=self._limits.patience_s)
        error = None if not done or work.cancelled() else work.exception()
        if isinstance(error, FencedError):
            metrics.FENCED.inc()
        if not done or error is not None:
            log.info("work given up", ended=bool(done), reason=str(error or "no answer"))

    async def _settle(self, fetcher: Fetcher) -> None:
        """Takes the result of work that has ended."""
        if self._work is None or not self._work.done():
            await self._progress.tell(fetcher)
            return
        work, self._work = self._work, None
        try:
            work.result()
        except FencedError as fenced:
            metrics.FENCED.inc()
            log.warning("fenced", reason=str(fenced))
            self._start(self._regain(fetcher))
            return
        if self._paused:
            self._paused = False
            fetcher.resume()

    def _must_wait(self) -> bool:
        return self._work is not None and (self._assignment is None or self._is_full())

    def _is_full(self) -> bool:
        return self._limits.is_full(self._intake, len(self._agents))

    async def _wait(self, fetcher: Fetcher) -> None:
        if self._work is None:
            return
        done, _ = await asyncio.wait({self._work}, timeout=PATIENCE_S)
        if not done:
            self._paused = self._assignment is not None
            await fetcher.stay_alive()

    async def _read(self, fetcher: Fetcher) -> None:
        try:
            fetched = await fetcher.fetch(self._fetch_timeout_ms(), self._fetch_records())
            if self._assignment is not None and not fetcher.reassigned.is_set():
                self._take(fetched, self._assignment)
        except OffsetOutOfRangeError:
            # The log's start has passed us: the claim finds and tells the gap.
            await self._end_work()
            self._start(self._claim(fetcher))
        except GapError as gap:
            self._take_over.distrust(gap)
            await self._end_work()
            self._start(self._claim(fetcher))
        except KafkaError as error:
            metrics.RETRIES.labels("fetch").inc()
            log.warning("the broker does not answer", error=str(error))
            await asyncio.sleep(PATIENCE_S)

    def _take(self, fetched: dict[Any, Any], assignment: Assignment) -> None:
        if fetched and not self._intake.spans:
            self._waiting_since = time.monotonic()
        rows_before = self._intake.rows
        for partition, records in fetched.items():
            first = assignment.positions.next[partition]
            new = assignment.positions.accept(partition, records)
            add_records(self._intake, partition, first, new, self._limits.max_message_bytes)
        if records_fetched := sum(map(len, fetched.values())):
            self._events_a_record = (self._intake.rows - rows_before) / records_fetched

    def _fetch_records(self) -> int:
        """Fewer records at a time where each is an array of many events."""
        return round(min(FETCH_RECORDS, max(1, FETCH_EVENTS / max(1, self._events_a_record))))

    def _fetch_timeout_ms(self) -> int:
        if self._work is not None:
            return BUSY_FETCH_MS
        if not self._intake.spans:
            return IDLE_FETCH_MS
        waited = time.monotonic() - self._waiting_since
        return max(1, round((self._limits.linger_s - waited) * 1000))

    def _write_if_due(self) -> None:
        if self._work is not None or self._assignment is None or self._draining:
            return
        waited = time.monotonic() - self._waiting_since
        if self._intake.spans and (waited >= self._limits.linger_s or self._is_full()):
            intake, self._intake = self._intake, Intake()
            self._work = asyncio.create_task(self._write(intake, self._assignment))

    async def _claim(self, fetcher: Fetcher) -> None:
        async def attempt() -> Assignment:
            bounds = await fetcher.log_bounds(fetcher.assignment)
            return await self._take_over.take_over(bounds)

        assignment = await _until_done("claim", attempt)
        # Revoked meanwhile: the next assignment is claimed anew.
        with suppress(IllegalStateError):
            fetcher.start_at(assignment.positions.starts())
            self._assignment = assignment
            self._progress.start(assignment.positions.next)
            log.info("claimed", partitions=[f"{p.topic}/{p.partition}" for p in assignment.claims])

    async def _regain(self, fetcher: Fetcher) -> None:
        """After a fence: claims again what the group has down as ours, and only that."""
        fetcher.pause()
        if await _until_done("claim", lambda: fetcher.is_member(self._progress.stored)):
            await self._claim(fetcher)
        else:
            await fetcher.reassigned.wait()

    async def _write(self, intake: Intake, assignment: Assignment) -> None:
        check_times(intake, self._limits.lateness)

        async def attempt() -> None:
            keys = await self._agents.resolve(agents_of(intake))
            batch = shape(intake, keys)
            try:
                await write_batch(self._pool, batch, assignment.claims, self._limits.patience_s)
            except (psycopg.OperationalError, FencedError):
                # It may be another server now, one that never heard of the newest agents.
                self._agents.forget()
                raise

        await _until_done("dead_letters", lambda: self._dead_letters.send(intake.rejections))
        await _until_done("write", attempt)
        metrics.count(intake)
        self._progress.move(intake.spans)


def _is_given_up() -> bool:
    """Whether this task was cancelled, though an error of the connection's took its place."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _until_done(step: str, attempt: Callable[[], Awaitable[Any]]) -> Any:
    delays = backoff()
    while True:
        try:
            return await attempt()
        except (psycopg.Error, KafkaError) as error:
            if _is_given_up():
                raise asyncio.CancelledError from error
            delay = next(delays)
            metrics.RETRIES.labels(step).inc()
            log.warning(
                "will try again",
                step=step,
                error=str(error).strip(),
                sqlstate=getattr(error, "sqlstate", None),
                delay_s=round(delay, 2),
            )
            await asyncio.sleep(delay)
