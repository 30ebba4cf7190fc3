"""Moves records into the database: read → prepare → write, for each assignment of the group.

The stages are tasks connected by bounded queues. They end together: when the group revokes the
partitions, when the process stops, or when a stage fails. After a failure the partitions are
claimed again or left to their new owner, or the process ends. Records that were read and not
stored are read again, because reading starts at the offsets in the database.
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

# Batches queued between two stages.
QUEUE_SIZE: Final = 1
# Message bytes in flight, in full batches: one being written and one being prepared.
MAX_FULL_BATCHES_IN_FLIGHT: Final = 2
# After these errors the partitions can be claimed again.
RECOVERABLE: Final = (LogChangedError, NoLeaderError, OffsetOutOfRangeError, GapError, FencedError)


class Pipeline:
    """Reads, prepares and writes one consumer's records. `run` can be cancelled at any point."""

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
        """Runs until cancelled; a write in progress then has `drain_s` to finish.

        Raises GapError if stored offsets and the log do not match.
        """
        try:
            async for scope in self._source.assignments():
                await scope.run(self._serve(scope), self._limits.drain_s)
                self._progress.revoke()
        finally:
            await self._source.commit_to_group(self._progress.stored)

    async def _serve(self, scope: CancelScope) -> None:
        """Claims the assigned partitions and processes their records until they are revoked."""
        self._claimer.forget_gaps()
        while True:
            failure = await self._claim_and_process(scope)
            if isinstance(failure, FencedError):
                metrics.FENCED.inc()
            if scope.is_ending:
                # Only if a step failed while the scope was ending; usually that cancels this task.
                log.info("partitions released", reason=f"{type(failure).__name__}: {failure}")
                return
            if not await self._recover_or_raise(failure):
                return

    async def _claim_and_process(self, scope: CancelScope) -> Exception:
        try:
            assignment = await self._claim()
        except RECOVERABLE as failure:
            return failure
        return await self._process(scope, assignment)

    async def _claim(self) -> Assignment:
        source = self._source
        self._progress.assign(source.assignment)

        async def attempt() -> Assignment:
            # Before any read from the logs, so that a later change is detected.
            logs = await source.reachable_log_identities(source.assignment)
            return await self._claimer.claim(await source.log_bounds(list(logs)), logs)

        async with polled(source, self._limits.poll_s):
            assignment = await until_done("claim", attempt)
        # The writer that fenced us may have erased agents, and the claim may have gone to another
        # server.
        self._writer.forget()
        source.start_at(assignment.positions.starts(), assignment.positions.next)
        self._progress.start(assignment.claims)
        log.info("claimed", partitions=[f"{p.topic}/{p.partition}" for p in assignment.claims])
        return assignment

    async def _process(self, scope: CancelScope, assignment: Assignment) -> Exception:
        """Runs the stages; returns the failure that ended them."""
        fetched: asyncio.Queue[Fetched] = asyncio.Queue(QUEUE_SIZE)
        prepared: asyncio.Queue[Prepared] = asyncio.Queue(QUEUE_SIZE)
        budget = ByteBudget(MAX_FULL_BATCHES_IN_FLIGHT * self._limits.max_bytes)
        reader = Reader(
            self._source,
            assignment,
            self._progress,
            self._size,
            self._priority,
            self._limits,
            budget,
        )
        verifier = ClaimVerifier(self._source, self._claimer, assignment, self._progress)
        try:
            async with asyncio.TaskGroup() as stages:
                stages.create_task(reader.run(fetched))
                stages.create_task(self._prepare(assignment, fetched, prepared))
                stages.create_task(self._write(scope, assignment, prepared, budget))
                stages.create_task(verifier.run())
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
            # Before decoding, confirm that the records come from the claimed logs.
            await confirm(self._source, assignment.logs, batch.spans, self._limits.confirm_s)
            # Preparing keeps the interpreter busy and would delay the writer's next step.
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
                budget.release(batch.nbytes)
                # Freeing a batch takes milliseconds, which would delay the next one.
                self._priority.defer_free(batch)
        finally:
            self._priority.release()

    async def _recover_or_raise(self, failure: Exception) -> bool:
        """Whether the partitions are still ours; raises failures that are not recoverable."""
        match failure:
            case LogChangedError():
                # The next claim checks whether records are lost.
                log.warning("partition log changed", reason=str(failure))
            case NoLeaderError():
                # Partitions whose leader responds are claimed again without the others.
                log.warning("partition leader unavailable, claiming again", reason=str(failure))
            case OffsetOutOfRangeError():
                # The log start is past our offset: the next claim finds the gap and reports it.
                log.warning("the next record is no longer in the log")
            case GapError():
                self._claimer.accept_or_raise(failure)
            case FencedError():
                log.warning("fenced", reason=str(failure))
                return await self._are_still_ours()
            case _:
                raise failure
        return True

    async def _are_still_ours(self) -> bool:
        """After a fence: whether the group still assigns the partitions to this consumer."""
        await self._claimer.renew_connections()
        async with polled(self._source, self._limits.poll_s):
            return await until_done("claim", lambda: self._source.is_member(self._progress.stored))


def _first(failures: ExceptionGroup[Exception]) -> Exception:
    """The failure that determines what happens next: an unrecoverable one, if there is any."""
    found = failures.exceptions
    return next((one for one in found if not isinstance(one, RECOVERABLE)), found[0])
