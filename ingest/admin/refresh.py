"""The refresh: advances the watermark behind ingest, and counts the fleet. One process does so."""

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
# Key of the advisory lock that limits the refresh to one session, which holds it until it ends. Any
# key that is otherwise unused; the community edition's jobs have their own.
LOCK_KEY: Final = 0x666C65_65746733
SESSION: Final = Session(
    "fleetgauge-refresh",
    {
        # Writers queue behind a waiting refresh: retry after a few seconds instead of waiting.
        "lock_timeout": "1s",
        "statement_timeout": "15min",
        # A frozen process would keep the lock, and no other could refresh.
        "idle_session_timeout": "15min",
    },
)
# The summary may be 5 seconds old, and takes time to compute.
SUMMARY_S: Final = 4.0
# The largest share of the time that is spent counting, where it takes long.
SUMMARY_SHARE: Final = 0.1
HOUR: Final = timedelta(hours=1)
# Writers of late samples and the fleet's count wait for a part of a refresh, so parts are short. A
# part shorter than a bucket would update that bucket more than once.
PART_S: Final = 4.0
BUCKET: Final = timedelta(minutes=5)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST_STEP: Final = timedelta(seconds=10)
# Errors of a part that is too large.
TOO_MUCH: Final = (errors.ProgramLimitExceeded, errors.OutOfMemory, errors.QueryCanceled)

Connection = AsyncConnection[Any]
FindFrontier = Callable[[Connection], Awaitable[datetime | None]]
AfterPart = Callable[[datetime], Awaitable[None]]


async def is_alone(connection: Connection) -> bool:
    """Returns whether this session holds the refresh lock; it keeps it until it ends."""
    return await try_lock(connection, LOCK_KEY)


async def _nothing(_: datetime) -> None:
    """Does nothing between two parts of a refresh."""


async def refresh(
    connection: Connection,
    frontier: datetime,
    after_part: AfterPart = _nothing,
    part_s: float = PART_S,
) -> datetime:
    """Aggregates all samples before `frontier`, an hour at a time; returns the watermark.

    Halves parts that take longer than `part_s` or exceed the server's limits. A frontier before
    the watermark changes nothing. Calls `after_part` with each new watermark. Raises psycopg's
    errors; parts that are already aggregated stay.
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
    """Returns the watermark, and the start of the oldest chunk with samples from there on.

    Raises psycopg's errors.
    """
    ((watermark, oldest),) = await (await connection.execute(query("read_watermark"))).fetchall()
    return watermark, oldest


async def note_refresh(connection: Connection, every: timedelta, failure: str | None) -> None:
    """Stores the result of a refresh in `upkeep_tasks`; raises psycopg's errors."""
    ((now,),) = await (await connection.execute(query("read_time"))).fetchall()
    values = {"task": TASK, "every": every, "removed": 0, "failure": failure, "now": now}
    await connection.execute(query("note_upkeep"), values)


def _after(moment: datetime, step: timedelta) -> datetime:
    """Returns the first multiple of `step` after `moment`."""
    return moment + step - (moment - EPOCH) % step


class RefreshJob:
    """The background task that refreshes and counts the fleet."""

    def __init__(
        self, database: DatabaseSettings, find_frontier: FindFrontier, every: timedelta
    ) -> None:
        self._database = database
        self._find_frontier = find_frontier
        self._every = every
        self._next_refresh = 0.0
        self._next_count = 0.0

    async def run(self, period_s: float = SUMMARY_S) -> None:
        """Runs every `period_s` until cancelled; retries while the database is unavailable."""
        while True:
            try:
                with reported("refresh"):
                    async with connected(self._database, SESSION) as connection:
                        await self._take_turns(connection, period_s)
            except (psycopg.Error, OSError) as error:
                log.warning("refresh not run", error=sentence(error))
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
        """Updates the fleet's count for readers, if it is due."""
        began = time.monotonic()
        if began < self._next_count:
            return
        await connection.execute(query("keep_platform_summary"))
        took_s = time.monotonic() - began
        self._next_count = time.monotonic() + max(period_s, took_s / SUMMARY_SHARE)

    async def _attempt(self, connection: Connection, after_part: AfterPart) -> None:
        """Refreshes once and stores the result."""
        failure = None
        try:
            frontier = await self._find_frontier(connection)
            if frontier is not None:
                await refresh(connection, frontier, after_part)
        except (psycopg.Error, KafkaError, TopicError, OSError) as error:
            if connection.closed:
                raise
            if isinstance(error, errors.LockNotAvailable):
                # There are gaps between writers of late samples: retry in the next round.
                self._next_refresh = 0.0
            failure = sentence(error)
            metrics.UPKEEP_FAILURES.labels(TASK).inc()
            log.warning("refresh failed", error=failure)
        await note_refresh(connection, self._every, failure)
