"""The loop: while one batch is written the next is shaped, and the one after it fetched, decoded.

Beside the fetching runs a claim, or the writing. What goes wrong ends in one of three ways: tried
again (database or broker away), claimed again (fenced), or told (a gap).
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError

from ingest import metrics
from ingest.agents import AgentDirectory
from ingest.batch import Intake
from ingest.database import Pool
from ingest.deadletter import DeadLetters
from ingest.errors import sentence
from ingest.fetch import Fetcher
from ingest.identity import LogChangedError, NoLeaderError
from ingest.intake import add_marks, add_records
from ingest.limits import Limits
from ingest.offsets import FencedError
from ingest.positions import GapError
from ingest.progress import Progress
from ingest.recheck import Recheck, confirm
from ingest.retry import until_done
from ingest.serverwork import ServerWork
from ingest.settle import Settler
from ingest.takeover import Assignment, TakeOver
from ingest.works import Work, first_of, give_up
from schemas.events import MAX_EVENTS_A_MESSAGE

log = structlog.get_logger("ingest")

# What is fetched at once is decoded at once: some milliseconds, for the writer waits meanwhile.
FETCH_EVENTS: Final = 250
# One batch in the database's hands, and one shaped and ready.
MOST_WORKS: Final = 2
IDLE_FETCH_MS: Final = 500
BUSY_FETCH_MS: Final = 20
# Work that takes longer has the partitions paused, and the group told that we are alive.
PATIENCE_S: Final = 1.0
MARKS_EVERY_S: Final = 1.0


class Pipeline:
    """Moves records into the database. `run` may be cancelled anywhere: the offsets decide."""

    def __init__(
        self,
        pool: Pool,
        dead_letters: DeadLetters,
        take_over: TakeOver,
        limits: Limits,
        reassure: Callable[[], None],
    ) -> None:
        self._take_over = take_over
        self._limits = limits
        self._agents = AgentDirectory(pool, limits.agents)
        self._recheck = Recheck(pool)
        self._progress = Progress(reassure)
        self._assignment: Assignment | None = None
        self._intake = Intake()
        self._waiting_since = 0.0
        self._looked_for_marks = 0.0
        self._works: list[Work] = []
        self._events_a_record: float = MAX_EVENTS_A_MESSAGE
        self._server_work = ServerWork()
        self._settler = Settler(
            pool, dead_letters, self._agents, limits, self._progress, self._server_work
        )
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
                self._write_if_due(fetcher)
                if self._must_wait():
                    await self._wait(fetcher)
                else:
                    await self._read(fetcher)
        finally:
            await self._end_work()
            await self._recheck.close()

    async def drain(self, fetcher: Fetcher) -> None:
        """Begins no further batch, and lets the one that is being written end in time."""
        self._draining = True
        if self._works and self._assignment is not None:
            await asyncio.wait(self._works, timeout=self._limits.drain_s)
        await fetcher.tell_group(self._progress.stored)

    async def on_revoked(self) -> None:
        """Gives a write that is under way a moment to end; what waits is for the next owner."""
        self._forget()
        if self._works:
            await asyncio.wait(self._works, timeout=self._limits.patience_s)
        await self._end_work()
        # It may have been a claim, and have ended.
        self._forget()
        self._progress.give_up()

    def _forget(self) -> None:
        self._assignment = None
        self._intake = Intake()
        self._paused = False

    def _start(self, claim: Coroutine[Any, Any, None]) -> None:
        """Leaves what was read and not written, to be read again after a claim."""
        self._forget()
        self._works = [asyncio.create_task(claim)]

    async def _end_work(self) -> None:
        works, self._works = self._works, []
        await give_up(works, self._limits.patience_s)

    async def _settle(self, fetcher: Fetcher) -> None:
        """Takes the result of work that has ended, and of checks."""
        try:
            if self._assignment is not None:
                self._recheck.look(fetcher, self._assignment, self._progress.stored)
            if not self._works or not self._works[0].done():
                await self._progress.tell(fetcher)
                return
            self._works.pop(0).result()
        except LogChangedError as changed:
            # The claim finds out whether anything is lost.
            log.warning("the log has changed", reason=str(changed))
            await self._end_work()
            self._start(self._claim(fetcher))
            return
        except NoLeaderError as error:
            # Partitions whose leader answers go on without the others.
            log.warning("reading again what is not stored", reason=str(error))
            await self._end_work()
            self._intake = Intake()
            if self._assignment is not None:
                self._assignment.positions.go_back(self._progress.stored)
            self._read_again(fetcher)
            return
        except FencedError as fenced:
            metrics.FENCED.inc()
            log.warning("fenced", reason=str(fenced))
            self._agents.forget()
            await self._end_work()
            self._start(self._regain(fetcher))
            return
        if self._paused:
            self._paused = False
            fetcher.resume()

    def _must_wait(self) -> bool:
        if self._assignment is None:
            return bool(self._works)
        # What is read before the server has its rows makes it wait for them.
        return bool(self._works) and (not self._server_work.is_set() or self._has_enough())

    def _has_enough(self) -> bool:
        return len(self._works) == MOST_WORKS and self._is_full()

    def _is_full(self) -> bool:
        share = self._settler.rejected_share
        return self._limits.is_full(self._intake, len(self._agents), share)

    async def _wait(self, fetcher: Fetcher) -> None:
        """Until the first work ends or, where more may be read then, the server has its rows."""
        if not self._works:
            return
        may_read = self._assignment is not None and not self._has_enough()
        server_work = self._server_work if may_read else None
        if not await first_of(self._works[0], server_work, PATIENCE_S):
            self._paused = self._assignment is not None
            await fetcher.stay_alive()

    async def _read(self, fetcher: Fetcher) -> None:
        try:
            fetched = await fetcher.fetch(self._fetch_timeout_ms(), self._fetch_records())
            if self._assignment is not None and not fetcher.reassigned.is_set():
                self._take(fetcher, fetched, self._assignment)
                await self._take_marks(fetcher, self._assignment)
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
            log.warning("reading failed", error=sentence(error))
            self._read_again(fetcher)
            await asyncio.sleep(PATIENCE_S)

    def _read_again(self, fetcher: Fetcher) -> None:
        """Goes back to what was taken last: of a fetch that failed, some may have been dropped."""
        # Revoked meanwhile, there is nothing to read.
        with suppress(IllegalStateError):
            if self._assignment is not None:
                positions = self._assignment.positions
                fetcher.start_at(positions.starts(), positions.next)

    def _take(self, fetcher: Fetcher, fetched: dict[Any, Any], assignment: Assignment) -> None:
        if fetched and not self._intake.spans:
            self._waiting_since = time.monotonic()
        rows_before, max_bytes = self._intake.rows, self._limits.max_message_bytes
        for partition, records in fetched.items():
            first = assignment.positions.next[partition]
            new = assignment.positions.accept(partition, records, fetcher.damaged_to(partition))
            if new:
                self._progress.read(partition, first, new[0])
            add_records(self._intake, partition, first, new, max_bytes, self._agents.known)
        if records_fetched := sum(map(len, fetched.values())):
            self._events_a_record = (self._intake.rows - rows_before) / records_fetched

    async def _take_marks(self, fetcher: Fetcher, assignment: Assignment) -> None:
        """Transactions leave marks in the log: each has an offset, and is handed out by nobody."""
        now = time.monotonic()
        if now < self._looked_for_marks + MARKS_EVERY_S:
            return
        self._looked_for_marks = now
        reached = await fetcher.reached()
        if self._assignment is not assignment or fetcher.reassigned.is_set():
            return
        passed = assignment.positions.pass_over(reached)
        if passed and not self._intake.spans:
            self._waiting_since = now
        for partition, (first, end) in passed.items():
            add_marks(self._intake, partition, first, end)

    def _fetch_records(self) -> int:
        """No more than fill the batch; fewer where each is an array of many events."""
        room = self._limits.full_rows(len(self._agents)) - self._intake.rows
        events = min(FETCH_EVENTS, max(1, room))
        return round(max(1, events / max(1, self._events_a_record)))

    def _fetch_timeout_ms(self) -> int:
        if self._works:
            return BUSY_FETCH_MS
        if not self._intake.spans:
            return IDLE_FETCH_MS
        waited = time.monotonic() - self._waiting_since
        return max(1, round((self._limits.linger_s - waited) * 1000))

    def _write_if_due(self, fetcher: Fetcher) -> None:
        if self._assignment is None or self._draining or len(self._works) == MOST_WORKS:
            return
        if self._works and not self._server_work.is_set():
            return
        waited = time.monotonic() - self._waiting_since
        is_due = self._is_full() or (not self._works and waited >= self._limits.linger_s)
        if self._intake.spans and is_due:
            intake, self._intake = self._intake, Intake()
            before = self._works[-1] if self._works else None
            settling = self._settle_proven(fetcher, intake, self._assignment, before)
            self._works.append(asyncio.create_task(settling))

    async def _settle_proven(
        self, fetcher: Fetcher, intake: Intake, assignment: Assignment, before: Work | None
    ) -> None:
        """Settles what was read, once it is known to be of the logs that were claimed."""
        await confirm(fetcher, assignment.logs, intake.spans)
        await self._settler.settle(intake, assignment.claims, before)

    async def _claim(self, fetcher: Fetcher) -> None:
        self._progress.assign(fetcher.assignment)

        async def attempt() -> Assignment:
            # Before anything is read of the logs: what changes later shows.
            logs = await fetcher.some_identities(fetcher.assignment)
            return await self._take_over.take_over(await fetcher.log_bounds(list(logs)), logs)

        assignment = await until_done("claim", attempt)
        # Whoever fenced us may have erased agents, and a claim may be the first word with another
        # server.
        self._settler.forget()
        # Revoked meanwhile: the next assignment is claimed anew.
        with suppress(IllegalStateError):
            fetcher.start_at(assignment.positions.starts(), assignment.positions.next)
            self._assignment = assignment
            self._progress.start(assignment.claims)
            log.info("claimed", partitions=[f"{p.topic}/{p.partition}" for p in assignment.claims])

    async def _regain(self, fetcher: Fetcher) -> None:
        """After a fence: claims again what the group has down as ours, and only that."""
        fetcher.pause()
        await self._take_over.renew_connections()
        if await until_done("claim", lambda: fetcher.is_member(self._progress.stored)):
            await self._claim(fetcher)
        else:
            await fetcher.reassigned.wait()
