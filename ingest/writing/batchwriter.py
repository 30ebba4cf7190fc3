"""Prepares and stores batches: stores or dead-letters each message, then advances its offset."""

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
    """Prepares and stores batches in order. Can be cancelled at any point."""

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
        """Drops all cached state, because the database may be another server."""
        self._store.forget()
        self._dropped_before = None

    async def prepare(self, fetched: Fetched) -> Prepared:
        """Decodes and checks records, sends dead letters for rejections, and looks up keys.

        Waits while the database or the broker is unavailable.
        """
        decoded = await in_thread(self._decode, fetched)
        self._size.learn(fetched.count, decoded)
        await self._send_dead_letters(decoded.rejections)

        async def attempt() -> Batch | None:
            try:
                return await self._shape(decoded)
            except Exception as error:
                # `store` bisects the batch to find the message at fault.
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
        """Stores a batch; raises FencedError if a partition is no longer ours.

        Waits while the database or the broker is unavailable.
        """
        decoded = prepared.decoded
        reason = await self._try_to_store(decoded, prepared.batch, claims)
        if reason is not None:
            count = len(messages(decoded))
            log.warning("batch refused, bisecting", messages=count, reason=reason)
            await self._store_bisected(decoded, claims)

    async def _send_dead_letters(self, rejections: Iterable[Rejection]) -> None:
        waiting = list(rejections)
        if waiting:
            await until_done("dead_letters", lambda: self._dead_letters.send(waiting))

    async def _shape(self, decoded: Decoded) -> Batch:
        # In threads: writing the previous batch needs the event loop.
        agents = await in_thread(agents_of, decoded)
        keys = await self._store.keys_of(agents)
        return await in_thread(build_batch, decoded, keys, self._limits.timeline)

    async def _store_bisected(self, decoded: Decoded, claims: Claims) -> None:
        """Bisects a refused batch, and stores all messages but the refused ones.

        The halves are stored in order, so that no offset passes an unsettled message.
        """
        found = messages(decoded)
        if len(found) == 1:
            await self._store_single(decoded, found[0], claims)
            return
        for half in await in_thread(bisect, decoded):
            if await self._try_to_store(half, None, claims) is not None:
                await self._store_bisected(half, claims)

    async def _store_single(self, decoded: Decoded, record: Record, claims: Claims) -> None:
        """Retries a single message; dead-letters it if it is refused again."""
        # Two writers that create the same chunk may conflict, which is temporary.
        reason = await self._try_to_store(decoded, None, claims)
        if reason is None:
            return
        place = f"{record.topic}/{record.partition}"
        log.warning("message refused", partition=place, offset=record.offset, reason=reason)
        rejection = Rejection(Origin(record), "refused", reason)
        await self._send_dead_letters([rejection])
        rejections = [*decoded.rejections, rejection]
        rejected = Decoded(rejections=rejections, spans=decoded.spans, counts=decoded.counts)
        await self._try_to_store(rejected, None, claims)

    async def _try_to_store(
        self, decoded: Decoded, batch: Batch | None, claims: Claims
    ) -> str | None:
        """Stores decoded events; returns None, or the reason why they were refused."""

        async def attempt() -> str | None:
            nonlocal batch
            try:
                if batch is None or not self._store.is_current(batch.agent_keys):
                    batch = await self._shape(decoded)
                await self._write(decoded, batch, claims)
            except (psycopg.OperationalError, FencedError):
                # A failover may have replaced the server, which may lack the newest agents.
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
        """Writes a batch without samples older than retention."""
        while True:
            try:
                await self._store.write(batch, claims)
            except DroppedError as dropped:
                await self._expire(decoded, dropped.before)
                batch = await self._shape(decoded)
            else:
                return

    async def _expire(self, decoded: Decoded, dropped_before: datetime) -> None:
        """Rejects samples older than retention, before any of the batch is stored."""
        self._dropped_before = dropped_before
        expired = await in_thread(reject_dropped, decoded, dropped_before)
        log.warning("samples expired", samples=len(expired), before=dropped_before.isoformat())
        await self._send_dead_letters(expired)


def _reason(error: Exception) -> str | None:
    """The reason if a message of the batch caused the error, else None."""
    if isinstance(error, psycopg.Error):
        return refusal(error)
    return detail_of(error) if is_unexpected(error) else None
