"""The upkeep job: runs the tasks that are due, one session at a time, and leaves how they went."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection

from ingest import metrics
from ingest.admin.alone import try_lock
from ingest.admin.clocks import HINT, Age, ClockError, Clocks, ReadClocks, read_age, read_clocks
from ingest.admin.conservation.check import check
from ingest.admin.conservation.report import set_metrics
from ingest.admin.retention import NotAggregatedError, UpkeepTask, retention_tasks
from ingest.errors import sentence
from ingest.unexpectederrors import reported
from schemas.settings import DatabaseSettings
from sql.connect import connected
from sql.edition import EditionError
from sql.named import query
from sql.session import Session

log = structlog.get_logger("ingest")

# Any constant: the key of the advisory lock that lets one session do upkeep at a time.
LOCK_KEY: Final = 0x75706B656570
SESSION: Final = Session(
    "fleetgauge-upkeep",
    {
        # Who waits for a lock holds up those who come after: rather try again a minute later.
        "lock_timeout": "1s",
        "statement_timeout": "1min",
        # A dry run of all tasks is one transaction.
        "idle_in_transaction_session_timeout": "1min",
    },
)
LOOK_EVERY_S: Final = 60.0
LOOK_EVERY: Final = timedelta(seconds=LOOK_EVERY_S)

Connection = AsyncConnection[Any]


class BusyError(Exception):
    """Another session does upkeep at this moment."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How a task went: what it removed in chunks or rows, and why not all, if so."""

    task: str
    removed: int
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """When a task last went well, and whether that is too long ago."""

    task: str
    succeeded_at: datetime | None
    is_overdue: bool


def open_connection(database: DatabaseSettings) -> AbstractAsyncContextManager[Connection]:
    """A connection of upkeep's own, for ingest's are few; raises psycopg.OperationalError."""
    return connected(database, SESSION)


async def acquire_upkeep_lock(connection: Connection) -> None:
    """Keeps other sessions from upkeep until this one ends; raises BusyError where one is at it."""
    if not await try_lock(connection, LOCK_KEY):
        raise BusyError("another session does upkeep at this moment")


async def do_tasks(
    connection: Connection, tasks: Sequence[UpkeepTask], every: timedelta, age: Age
) -> list[TaskResult]:
    """Runs these tasks, whatever comes of each, and stores how they went.

    Raises psycopg's errors where the database goes away or may not be written.
    """
    outcomes = []
    for task in tasks:
        outcome = await _attempt(connection, task, age)
        await _note(connection, outcome, every, age.now)
        outcomes.append(outcome)
    return outcomes


async def _note(
    connection: Connection, outcome: TaskResult, every: timedelta, now: datetime
) -> None:
    values = {**asdict(outcome), "every": every, "now": now}
    await connection.execute(query("note_upkeep"), values)


async def _attempt(connection: Connection, task: UpkeepTask, age: Age) -> TaskResult:
    removed = 0
    try:
        async for count in task.run(connection, age):
            removed += count
    except NotAggregatedError as error:
        return TaskResult(task.relation, removed, str(error))
    except psycopg.Error as error:
        if connection.closed:
            raise
        return TaskResult(task.relation, removed, sentence(error))
    return TaskResult(task.relation, removed)


async def read_state(connection: Connection, now: datetime) -> list[State]:
    """How all that has to be done again and again stands, the server's own jobs among it."""
    cursor = await connection.execute(query("read_upkeep"), {"now": now})
    return [State(*row) for row in await cursor.fetchall()]


class Upkeep:
    """Does what is due, beside ingest. Of many processes the first to look does it for all."""

    def __init__(
        self,
        database: DatabaseSettings,
        every: timedelta,
        read_clocks: ReadClocks = read_clocks,
    ) -> None:
        self._database = database
        self._every = every
        self._read_clocks = read_clocks

    async def run(self, period_s: float = LOOK_EVERY_S) -> None:
        """Looks every `period_s` until cancelled; a database that is away costs a look."""
        while True:
            try:
                with reported("upkeep"):
                    await self.look()
            except (psycopg.Error, EditionError, OSError) as error:
                log.warning("no upkeep", error=sentence(error))
            await asyncio.sleep(period_s)

    async def look(self) -> None:
        """Runs what is due, unless somebody else is at it, and tells the metrics how it stands.

        Raises psycopg's errors.
        """
        async with open_connection(self._database) as connection:
            clocks = await self._read_clocks(connection)
            with suppress(BusyError):
                await acquire_upkeep_lock(connection)
                await self._do_due(connection, clocks)
                await self._check_conservation(connection, clocks)
            await set_metrics(connection)
            for state in await read_state(connection, clocks.database):
                _tell_state(state)

    async def _do_due(self, connection: Connection, clocks: Clocks) -> None:
        now = clocks.database
        successes = {state.task: state.succeeded_at for state in await read_state(connection, now)}
        due = [
            task
            for task in retention_tasks(self._database)
            if self._is_due(successes.get(task.relation), now)
        ]
        if not due:
            return
        try:
            outcomes = await do_tasks(
                connection, due, self._every, await read_age(connection, clocks)
            )
        except ClockError as error:
            log.error("nothing is deleted", error=str(error), hint=HINT)
            for task in due:
                metrics.UPKEEP_FAILURES.labels(task.relation).inc()
                await _note(connection, TaskResult(task.relation, 0, str(error)), self._every, now)
            return
        for outcome in outcomes:
            _tell(outcome)

    async def _check_conservation(self, connection: Connection, clocks: Clocks) -> None:
        failure = None
        try:
            await check(connection, self._database)
        except psycopg.Error as error:
            if connection.closed:
                raise
            failure = sentence(error)
        outcome = TaskResult("conservation", 0, failure)
        await _note(connection, outcome, LOOK_EVERY, clocks.database)
        _tell(outcome)

    def _is_due(self, succeeded_at: datetime | None, now: datetime) -> bool:
        # A success ahead of the clock tells nothing.
        return succeeded_at is None or not succeeded_at <= now < succeeded_at + self._every


def _tell_state(state: State) -> None:
    metrics.UPKEEP_OVERDUE.labels(state.task).set(state.is_overdue)
    if state.succeeded_at is not None:
        metrics.UPKEEP_SUCCESS.labels(state.task).set(state.succeeded_at.timestamp())


def _tell(outcome: TaskResult) -> None:
    metrics.UPKEEP_REMOVED.labels(outcome.task).inc(outcome.removed)
    if outcome.failure is not None:
        metrics.UPKEEP_FAILURES.labels(outcome.task).inc()
        log.warning("upkeep failed", task=outcome.task, error=outcome.failure)
    elif outcome.removed:
        log.info("upkeep", task=outcome.task, removed=outcome.removed)
