"""Prepares and stores batches: each message is stored or dead-lettered, then its offset moves."""

from collections.abc import Iterable
from datetime import datetime

import psycopg
import structlog

from ingest import metrics
from ingest.batch import Batch, Decoded, Fetched, Prepared
from ingest.decoding.decode import decode
from ingest.decoding.fallback import decode_individually
from ingest.decoding.timecheck import check_times, reject_dropped
from ingest.errors import refusal
from ingest.interfaces import Claims, DeadLetterSink, Store
from ingest.reading.batchsize import BatchSize
from ingest.reading.limits import Limits
from ingest.reading.progressreport import ProgressReport
from ingest.record import Record
from ingest.rejection import Origin, Rejection
from ingest.retry import until_done
from ingest.threads import in_thread
from ingest.unexpectederrors import detail_of, is_unexpected, report
from ingest.writing.batchbuilder import agents_of, build_batch
from ingest.writing.bisection import bisect, messages
from ingest.writing.offsets import FencedError
from ingest.writing.write import DroppedError

log = structlog.get_logger("ingest")


class BatchWriter:
    """Prepares and stores batches in order. May be cancelled anywhere: the offsets decide."""

    def __init__(
        self,
        store: Store,
        dead_letters: DeadLetterSink,
        limits: Limits,
        progress: ProgressReport,
        size: BatchSize,
    ) -> None:
        self._store = store
        self._dead_letters = dead_letters
        self._limits = limits
        self._progress = progress
        self._size = size
        self._dropped_before: datetime | None = None

    def forget(self) -> None:
        """Whatever is remembered of the database is asked for again, for it may be another."""
        self._store.forget()
        self._dropped_before = None

    async def prepare(self, fetched: Fetched) -> Prepared:
        """Decodes and checks records, sends dead letters for what is rejected, and looks up keys.

        Waits for a database or a broker that is away.
        """
        decoded = await in_thread(self._decode, fetched)
        self._size.learn(fetched.count, decoded)
        await self._send_dead_letters(decoded.rejections)

        async def attempt() -> Batch | None:
            try:
                return await self._shape(decoded)
            except Exception as error:
                # The message that prevents it is looked for when it is the batch's turn.
                if _reason(error) is None:
                    raise
                return None

        return Prepared(decoded, await until_done("agents", attempt), fetched.nbytes)

    def _decode(self, fetched: Fetched) -> Decoded:
        try:
            return self._decode_together(fetched)
        except Exception as error:
            if not is_unexpected(error):
                raise
            report("decode", error)
            return decode_individually(fetched, self._decode_together)

    def _decode_together(self, fetched: Fetched) -> Decoded:
        decoded = decode(fetched, self._limits.max_message_bytes)
        check_times(decoded, self._limits.lateness)
        if self._dropped_before is not None:
            reject_dropped(decoded, self._dropped_before)
        return decoded

    async def store(self, prepared: Prepared, claims: Claims) -> None:
        """Stores a batch; raises FencedError where a partition is no longer ours.

        Waits for a database or a broker that is away.
        """
        decoded = prepared.decoded
        reason = await self._try_to_store(decoded, prepared.batch, claims)
        if reason is not None:
            count = len(messages(decoded))
            log.warning("refused, looking for the message", messages=count, reason=reason)
            await self._store_apart(decoded, claims)

    async def _send_dead_letters(self, rejections: Iterable[Rejection]) -> None:
        waiting = list(rejections)
        if waiting:
            await until_done("dead_letters", lambda: self._dead_letters.send(waiting))

    async def _shape(self, decoded: Decoded) -> Batch:
        # In threads: the batch before this one needs the loop for its own next step.
        agents = await in_thread(agents_of, decoded)
        keys = await self._store.keys_of(agents)
        return await in_thread(build_batch, decoded, keys, self._limits.timeline)

    async def _store_apart(self, decoded: Decoded, claims: Claims) -> None:
        """Stores what is not refused of events that are refused together.

        The halves are stored in order, so that no offset passes a message that is not settled.
        """
        found = messages(decoded)
        if len(found) == 1:
            await self._store_alone(decoded, found[0], claims)
            return
        for half in await in_thread(bisect, decoded):
            if await self._try_to_store(half, None, claims) is not None:
                await self._store_apart(half, claims)

    async def _store_alone(self, decoded: Decoded, record: Record, claims: Claims) -> None:
        """Stores a message after all, or sends it whole to the dead letters."""
        # Two writers that make the same chunk may meet in its unique names: that passes.
        reason = await self._try_to_store(decoded, None, claims)
        if reason is None:
            return
        place = f"{record.topic}/{record.partition}"
        log.warning("refused", partition=place, offset=record.offset, reason=reason)
        letter = Rejection(Origin(record), "refused", reason)
        await self._send_dead_letters([letter])
        rejections = [*decoded.rejections, letter]
        rejected = Decoded(rejections=rejections, spans=decoded.spans, counts=decoded.counts)
        await self._try_to_store(rejected, None, claims)

    async def _try_to_store(
        self, decoded: Decoded, batch: Batch | None, claims: Claims
    ) -> str | None:
        """Stores decoded events, or returns why the database refuses it."""

        async def attempt() -> str | None:
            nonlocal batch
            try:
                if batch is None or not self._store.is_current(batch.agent_keys):
                    batch = await self._shape(decoded)
                await self._write(decoded, batch, claims)
            except (psycopg.OperationalError, FencedError):
                # It may be another server now, one that never heard of the newest agents.
                self.forget()
                raise
            except Exception as error:
                reason = _reason(error)
                if reason is None or not messages(decoded):
                    raise
                if is_unexpected(error):
                    report("write", error)
                return reason
            return None

        reason = await until_done("write", attempt)
        if reason is None:
            metrics.count(decoded)
            self._progress.move(decoded.spans)
        return reason

    async def _write(self, decoded: Decoded, batch: Batch, claims: Claims) -> None:
        """Writes a batch, without samples that retention has dropped by now."""
        while True:
            try:
                await self._store.write(batch, claims)
            except DroppedError as dropped:
                await self._expire(decoded, dropped.before)
                batch = await self._shape(decoded)
            else:
                return

    async def _expire(self, decoded: Decoded, dropped_before: datetime) -> None:
        """Rejects what the database has dropped by now, before any of the batch is stored."""
        self._dropped_before = dropped_before
        expired = await in_thread(reject_dropped, decoded, dropped_before)
        log.warning("samples expired", samples=len(expired), before=dropped_before.isoformat())
        await self._send_dead_letters(expired)


def _reason(error: Exception) -> str | None:
    """Why a message of the batch is at fault; None where the error is no fault of any message."""
    if isinstance(error, psycopg.Error):
        return refusal(error)
    return detail_of(error) if is_unexpected(error) else None
