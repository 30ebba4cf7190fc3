"""Moves records into the database: read → prepare → write, for each assignment of the group.

The stages are tasks joined by bounded queues. They end together: when the group takes its
partitions back, when the process stops, or when one of them fails. The failure decides what comes
next: partitions are claimed again or left to their new owner, or the process ends. What was read
and not stored is read again, for the offsets in the database decide.
"""

import asyncio
from typing import Final, NoReturn

import structlog
from aiokafka.errors import OffsetOutOfRangeError

from ingest import metrics
from ingest.batch import Fetched, Prepared
from ingest.cancelscope import CancelScope
from ingest.interfaces import Claimer, DeadLetterSink, RecordSource, Store
from ingest.kafka.logidentity import LogChangedError, NoLeaderError
from ingest.reading.batchsize import BatchSize
from ingest.reading.budget import ByteBudget
from ingest.reading.claimer import Assignment
from ingest.reading.claimverifier import ClaimVerifier, confirm
from ingest.reading.limits import Limits
from ingest.reading.polling import polled
from ingest.reading.positions import GapError
from ingest.reading.progressreport import ProgressReport
from ingest.reading.read import Reader
from ingest.reading.writepriority import WritePriority
from ingest.retry import until_done
from ingest.writing.batchwriter import BatchWriter
from ingest.writing.offsets import FencedError

log = structlog.get_logger("ingest")

# Batches that wait between two stages.
WAITING: Final = 1
# Bytes of messages on their way, by those of a full batch: one is written and one prepared.
BATCHES_OF_BYTES: Final = 2
# After these the partitions can be claimed again.
RECOVERABLE: Final = (LogChangedError, NoLeaderError, OffsetOutOfRangeError, GapError, FencedError)


class Pipeline:
    """One consumer's way into the database. `run` may be cancelled anywhere."""

    def __init__(
        self,
        source: RecordSource,
        store: Store,
        dead_letters: DeadLetterSink,
        claimer: Claimer,
        limits: Limits,
        progress: ProgressReport,
        priority: WritePriority,
    ) -> None:
        self._source = source
        self._claimer = claimer
        self._limits = limits
        self._progress = progress
        self._priority = priority
        self._size = BatchSize(limits, lambda: store.agents)
        self._writer = BatchWriter(store, dead_letters, limits, progress, self._size)

    async def run(self) -> None:
        """Runs until cancelled; a write that is under way then has `drain_s` to end.

        Raises GapError where stored offsets and the log do not meet.
        """
        try:
            async for scope in self._source.assignments():
                await scope.run(self._serve(scope), self._limits.drain_s)
                self._progress.give_up()
        finally:
            await self._source.commit_to_group(self._progress.stored)

    async def _serve(self, scope: CancelScope) -> None:
        """Claims what the group has assigned and moves its records, until that is another's."""
        self._claimer.forget_gaps()
        while True:
            failure = await self._claim_and_move(scope)
            if isinstance(failure, FencedError):
                metrics.FENCED.inc()
            if scope.is_ending:
                log.info("given up", reason=f"{type(failure).__name__}: {failure}")
                return
            if not await self._may_claim_again(failure):
                return

    async def _claim_and_move(self, scope: CancelScope) -> Exception:
        try:
            assignment = await self._claim()
        except RECOVERABLE as failure:
            return failure
        return await self._move(scope, assignment)

    async def _claim(self) -> Assignment:
        source = self._source
        self._progress.assign(source.assignment)

        async def attempt() -> Assignment:
            # Before anything is read of the logs: what changes later shows.
            logs = await source.some_identities(source.assignment)
            return await self._claimer.claim(await source.log_bounds(list(logs)), logs)

        async with polled(source, self._limits.poll_s):
            assignment = await until_done("claim", attempt)
        # Whoever fenced us may have erased agents, and a claim may be the first word with another
        # server.
        self._writer.forget()
        source.start_at(assignment.positions.starts(), assignment.positions.next)
        self._progress.start(assignment.claims)
        log.info("claimed", partitions=[f"{p.topic}/{p.partition}" for p in assignment.claims])
        return assignment

    async def _move(self, scope: CancelScope, assignment: Assignment) -> Exception:
        """Runs the stages; returns why they have ended."""
        fetched: asyncio.Queue[Fetched] = asyncio.Queue(WAITING)
        prepared: asyncio.Queue[Prepared] = asyncio.Queue(WAITING)
        budget = ByteBudget(BATCHES_OF_BYTES * self._limits.max_bytes)
        reader = Reader(
            self._source,
            assignment,
            self._progress,
            self._size,
            self._priority,
            self._limits,
            budget,
        )
        recheck = ClaimVerifier(self._source, self._claimer, assignment, self._progress)
        try:
            async with asyncio.TaskGroup() as stages:
                stages.create_task(reader.run(fetched))
                stages.create_task(self._prepare(assignment, fetched, prepared))
                stages.create_task(self._write(scope, assignment, prepared, budget))
                stages.create_task(recheck.run())
        except ExceptionGroup as failures:
            return _first(failures)
        raise AssertionError("a stage ends only by an exception")

    async def _prepare(
        self,
        assignment: Assignment,
        fetched: asyncio.Queue[Fetched],
        prepared: asyncio.Queue[Prepared],
    ) -> NoReturn:
        while True:
            batch = await fetched.get()
            # Nothing is made of records before it is known that they are of the claimed logs.
            await confirm(self._source, assignment.logs, batch.spans, self._limits.confirm_s)
            # Preparing keeps the interpreter busy, and the writer has its next step to do.
            await self._priority.wait()
            await prepared.put(await self._writer.prepare(batch))

    async def _write(
        self,
        scope: CancelScope,
        assignment: Assignment,
        prepared: asyncio.Queue[Prepared],
        budget: ByteBudget,
    ) -> NoReturn:
        try:
            while True:
                if prepared.empty():
                    self._priority.release()
                batch = await prepared.get()
                self._priority.take()
                await scope.complete(self._writer.store(batch, assignment.claims))
                budget.give_back(batch.nbytes)
                # To free a batch takes milliseconds, and the next one has its turn.
                self._priority.defer_free(batch)
        finally:
            self._priority.release()

    async def _may_claim_again(self, failure: Exception) -> bool:
        """Whether the partitions are still ours; raises the failure if it is none to go on from."""
        match failure:
            case LogChangedError():
                # The claim finds out whether anything is lost.
                log.warning("the log has changed", reason=str(failure))
            case NoLeaderError():
                # Partitions whose leader answers are claimed again without the others.
                log.warning("reading again what is not stored", reason=str(failure))
            case OffsetOutOfRangeError():
                # The log's start has passed us: the claim finds the gap and reports it.
                log.warning("the next record is not in the log any more")
            case GapError():
                self._claimer.distrust(failure)
            case FencedError():
                log.warning("fenced", reason=str(failure))
                return await self._are_still_ours()
            case _:
                raise failure
        return True

    async def _are_still_ours(self) -> bool:
        """After a fence: what the group has down as ours is claimed again, and only that."""
        await self._claimer.renew_connections()
        async with polled(self._source, self._limits.poll_s):
            return await until_done("claim", lambda: self._source.is_member(self._progress.stored))


def _first(failures: ExceptionGroup[Exception]) -> Exception:
    """The failure that decides: one that ends ingest, if there is any."""
    found = failures.exceptions
    return next((one for one in found if not isinstance(one, RECOVERABLE)), found[0])
