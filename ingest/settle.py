"""Settles an intake: each message stored or told in the dead letters, then its offset moved."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

import psycopg
import structlog
from aiokafka import TopicPartition

from ingest import metrics
from ingest.agents import AgentDirectory
from ingest.apart import check_times_apart
from ingest.batch import Batch, Intake, Origin, Rejection
from ingest.database import Pool
from ingest.deadletter import DeadLetters
from ingest.errors import refusal
from ingest.halves import halve, messages
from ingest.limits import Limits
from ingest.offsets import Claim, FencedError
from ingest.progress import Progress
from ingest.record import Record
from ingest.retry import until_done
from ingest.serverwork import ServerWork
from ingest.shape import agents_of, check_times, reject_dropped, shape
from ingest.unexpected import detail_of, is_unexpected, report, reported
from ingest.write import DroppedError, write_batch

log = structlog.get_logger("ingest")

Claims = Mapping[TopicPartition, Claim]


class Settler:
    """Settles intakes one after the other. May be cancelled anywhere: the offsets decide."""

    def __init__(
        self,
        pool: Pool,
        dead_letters: DeadLetters,
        agents: AgentDirectory,
        limits: Limits,
        progress: Progress,
        server_work: ServerWork,
    ) -> None:
        self._pool = pool
        self._dead_letters = dead_letters
        self._agents = agents
        self._limits = limits
        self._progress = progress
        self._server_work = server_work
        self._dropped_before: datetime | None = None
        # Of the last intake whose times were checked.
        self.rejected_share = 0.0

    def forget(self) -> None:
        """Whatever is remembered of the database is asked for again, for it may be another."""
        self._agents.forget()
        self._dropped_before = None

    async def settle(
        self, intake: Intake, claims: Claims, before: asyncio.Task[None] | None
    ) -> None:
        """Makes an intake ready, and stores it when the one before it is settled.

        Raises FencedError where a partition is no longer ours; waits for a database or a broker
        that is away.
        """
        await self._check(intake)
        if self._dropped_before is not None:
            # Where it fails the transaction finds the same.
            with reported("check"):
                reject_dropped(intake, self._dropped_before)
        self.rejected_share = len(intake.rejections) / max(1, intake.rows)
        await self._tell(intake.rejections)
        batch = await self._shape_ahead(intake)
        if before is not None:
            await _turn_after(before)
        await self._store(intake, batch, claims)
        # To free thousands of events takes milliseconds, and the batch after this one has its turn.
        self._server_work.put_off(intake)

    async def _check(self, intake: Intake) -> None:
        lateness = self._limits.lateness
        try:
            await asyncio.to_thread(check_times, intake, lateness)
        except Exception as error:
            if isinstance(error, MemoryError):
                raise
            report("check", error)
            await asyncio.to_thread(check_times_apart, intake, lateness)

    async def _tell(self, rejections: Iterable[Rejection]) -> None:
        waiting = list(rejections)
        if waiting:
            await until_done("dead_letters", lambda: self._dead_letters.send(waiting))

    async def _shape_ahead(self, intake: Intake) -> Batch | None:
        """The batch; None where a message prevents it, which is isolated in the intake's turn."""

        async def attempt() -> Batch | None:
            try:
                return await self._shape(intake)
            except Exception as error:
                if _reason(error) is None:
                    raise
                return None

        return await until_done("agents", attempt)

    async def _shape(self, intake: Intake) -> Batch:
        # In a thread: the batch before this one needs the loop for its own next step.
        keys = await self._agents.resolve(await asyncio.to_thread(agents_of, intake))
        return await asyncio.to_thread(shape, intake, keys)

    async def _store(self, intake: Intake, batch: Batch | None, claims: Claims) -> None:
        reason = await self._try_to_store(intake, batch, claims)
        if reason is not None:
            log.warning("refused, looking for what", messages=len(messages(intake)), reason=reason)
            await self._store_apart(intake, claims)

    async def _store_apart(self, intake: Intake, claims: Claims) -> None:
        """Stores what is not refused of an intake that is.

        The halves are stored in order, so that no offset passes a message that is not settled.
        """
        found = messages(intake)
        if len(found) == 1:
            await self._store_alone(intake, found[0], claims)
            return
        for half in await asyncio.to_thread(halve, intake):
            if await self._try_to_store(half, None, claims) is not None:
                await self._store_apart(half, claims)

    async def _store_alone(self, intake: Intake, record: Record, claims: Claims) -> None:
        """Stores a message after all, or sends it whole to the dead letters."""
        # Two writers that make the same chunk may meet in its unique names: that passes.
        reason = await self._try_to_store(intake, None, claims)
        if reason is None:
            return
        place = f"{record.topic}/{record.partition}"
        log.warning("refused", partition=place, offset=record.offset, reason=reason)
        letter = Rejection(Origin(record), "refused", reason)
        await self._tell([letter])
        rejections = [*intake.rejections, letter]
        told = Intake(rejections=rejections, spans=intake.spans, records=intake.records)
        await self._try_to_store(told, None, claims)

    async def _try_to_store(
        self, intake: Intake, batch: Batch | None, claims: Claims
    ) -> str | None:
        """Stores an intake, or returns why the database refuses it."""

        async def attempt() -> str | None:
            nonlocal batch
            try:
                if batch is None or not self._agents.stands_by(batch.agent_keys):
                    batch = await self._shape(intake)
                await self._write_kept(intake, batch, claims)
            except (psycopg.OperationalError, FencedError):
                # It may be another server now, one that never heard of the newest agents.
                self.forget()
                raise
            except Exception as error:
                reason = _reason(error)
                if reason is None or not messages(intake):
                    raise
                if is_unexpected(error):
                    report("write", error)
                return reason
            return None

        reason = await until_done("write", attempt)
        if reason is None:
            metrics.count(intake)
            self._progress.move(intake.spans)
        return reason

    async def _write_kept(self, intake: Intake, batch: Batch, claims: Claims) -> None:
        """Writes the batch of an intake, without samples that retention has dropped by now."""
        while True:
            try:
                await self._write(batch, claims)
            except DroppedError as dropped:
                await self._expire(intake, dropped.before)
                batch = await self._shape(intake)
            else:
                return

    async def _expire(self, intake: Intake, dropped_before: datetime) -> None:
        """Rejects what the database has dropped by now, before any of the intake is stored."""
        self._dropped_before = dropped_before
        expired = await asyncio.to_thread(reject_dropped, intake, dropped_before)
        log.warning("samples expired", samples=len(expired), before=dropped_before.isoformat())
        await self._tell(expired)

    async def _write(self, batch: Batch, claims: Claims) -> None:
        patience_s = self._limits.patience_s
        await write_batch(self._pool, batch, claims, patience_s, self._server_work)


def _reason(error: Exception) -> str | None:
    """Why a message of the batch is at fault; None where the error is no fault of any message."""
    if isinstance(error, psycopg.Error):
        return refusal(error)
    return detail_of(error) if is_unexpected(error) else None


async def _turn_after(before: asyncio.Task[None]) -> None:
    """Returns when the intake before this one is settled; if it is not, this one is given up."""
    await asyncio.wait({before})
    if before.cancelled() or before.exception() is not None:
        raise asyncio.CancelledError
