"""The refresh: moves the watermark after ingest, and counts the fleet; one process for all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import structlog
from aiokafka.errors import KafkaError
from psycopg import AsyncConnection, errors

from ingest import metrics
from ingest.admin.alone import try_lock
from ingest.errors import sentence
from ingest.kafka.topic import TopicError
from ingest.unexpectederrors import reported
from schemas.settings import DatabaseSettings
from sql.connect import connected
from sql.named import query
from sql.session import Session

log = structlog.get_logger("ingest")

TASK: Final = "refresh"
# The key of the advisory lock that lets one session refresh at a time: any that nobody else takes,
# for it is held as long as the session lasts. The community edition's jobs have their own.
LOCK_KEY: Final = 0x666C65_65746733
SESSION: Final = Session(
    "fleetgauge-refresh",
    {
        # Writers wait behind who waits for them: rather try again a few seconds later.
        "lock_timeout": "1s",
        "statement_timeout": "15min",
        # A process that is frozen keeps its lock, and nobody else refreshes meanwhile.
        "idle_session_timeout": "15min",
    },
)
# A summary may be 5 seconds old, and is counted for a moment.
SUMMARY_S: Final = 4.0
# Of the time, where counting takes long.
SUMMARY_SHARE: Final = 0.1
HOUR: Final = timedelta(hours=1)
# Late writers, and the count of the fleet, wait for a part. Parts shorter than a bucket would
# update it more than once.
PART_S: Final = 4.0
BUCKET: Final = timedelta(minutes=5)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST_STEP: Final = timedelta(seconds=10)
# What a part that is too large ends with.
TOO_MUCH: Final = (errors.ProgramLimitExceeded, errors.OutOfMemory, errors.QueryCanceled)

Connection = AsyncConnection[Any]
FindFrontier = Callable[[Connection], Awaitable[datetime | None]]
AfterPart = Callable[[datetime], Awaitable[None]]


async def is_alone(connection: Connection) -> bool:
    """Whether this session, and no other one until it ends, refreshes."""
    return await try_lock(connection, LOCK_KEY)


async def _nothing(_: datetime) -> None:
    """Between two parts of a refresh."""


async def refresh(
    connection: Connection,
    frontier: datetime,
    after_part: AfterPart = _nothing,
    part_s: float = PART_S,
) -> datetime:
    """Aggregates all samples before `frontier`, an hour at a time; returns the watermark.

    Parts that take longer than `part_s`, or are too much for the server, are halved. A frontier
    that lies back leaves everything as it is. `after_part` gets each watermark on the way. Raises
    psycopg's errors; the parts that were aggregated before stay so.
    """
    watermark, oldest = await read_watermark(connection)
    step = HOUR
    while watermark < frontier:
        upto = min(frontier, _after(max(watermark, oldest or frontier), step))
        began = time.monotonic()
        try:
            await connection.execute(query("refresh_samples"), {"upto": upto})
        except TOO_MUCH:
            if step <= SHORTEST_STEP:
                raise
            step = step / 2
            continue
        took_s = time.monotonic() - began
        metrics.REFRESH_SECONDS.observe(took_s)
        if took_s > part_s:
            step = min(step, max(step / 2, BUCKET))
        watermark = upto
        await after_part(watermark)
    return watermark


async def read_watermark(connection: Connection) -> tuple[datetime, datetime | None]:
    """The watermark, and when the oldest chunk begins that has samples from there on.

    Raises psycopg's errors.
    """
    ((watermark, oldest),) = await (await connection.execute(query("read_watermark"))).fetchall()
    return watermark, oldest


async def note_refresh(connection: Connection, every: timedelta, failure: str | None) -> None:
    """Leaves behind how a refresh went, for whoever asks; raises psycopg's errors."""
    ((now,),) = await (await connection.execute(query("read_time"))).fetchall()
    values = {"task": TASK, "every": every, "removed": 0, "failure": failure, "now": now}
    await connection.execute(query("note_upkeep"), values)


def _after(moment: datetime, step: timedelta) -> datetime:
    """The first multiple of a step that comes after a moment."""
    return moment + step - (moment - EPOCH) % step


class RefreshJob:
    """Beside ingest, until cancelled."""

    def __init__(
        self, database: DatabaseSettings, find_frontier: FindFrontier, every: timedelta
    ) -> None:
        self._database = database
        self._find_frontier = find_frontier
        self._every = every
        self._next_refresh = 0.0
        self._next_count = 0.0

    async def run(self, period_s: float = SUMMARY_S) -> None:
        """Looks every `period_s`; a database or a broker that is away costs a look."""
        while True:
            try:
                with reported("refresh"):
                    async with connected(self._database, SESSION) as connection:
                        await self._take_turns(connection, period_s)
            except (psycopg.Error, OSError) as error:
                log.warning("no refresh", error=sentence(error))
            await asyncio.sleep(period_s)

    async def _take_turns(self, connection: Connection, period_s: float) -> None:
        async def after_part(watermark: datetime) -> None:
            metrics.WATERMARK.set(watermark.timestamp())
            await self._count_fleet(connection, period_s)

        while True:
            pause_s = period_s
            if await is_alone(connection):
                if time.monotonic() >= self._next_refresh:
                    self._next_refresh = time.monotonic() + self._every.total_seconds()
                    await self._attempt(connection, after_part)
                await self._count_fleet(connection, period_s)
                pause_s = max(0.0, self._next_count - time.monotonic())
            watermark, _ = await read_watermark(connection)
            metrics.WATERMARK.set(watermark.timestamp())
            await asyncio.sleep(pause_s)

    async def _count_fleet(self, connection: Connection, period_s: float) -> None:
        """Counts the fleet anew for readers, when it is time to."""
        began = time.monotonic()
        if began < self._next_count:
            return
        await connection.execute(query("keep_platform_summary"))
        took_s = time.monotonic() - began
        self._next_count = time.monotonic() + max(period_s, took_s / SUMMARY_SHARE)

    async def _attempt(self, connection: Connection, after_part: AfterPart) -> None:
        """One refresh, and what came of it for whoever asks."""
        failure = None
        try:
            frontier = await self._find_frontier(connection)
            if frontier is not None:
                await refresh(connection, frontier, after_part)
        except (psycopg.Error, KafkaError, TopicError, OSError) as error:
            if connection.closed:
                raise
            if isinstance(error, errors.LockNotAvailable):
                # Between two writers of late samples is a moment for it: the next look tries again.
                self._next_refresh = 0.0
            failure = sentence(error)
            metrics.UPKEEP_FAILURES.labels(TASK).inc()
            log.warning("refresh failed", error=failure)
        await note_refresh(connection, self._every, failure)
