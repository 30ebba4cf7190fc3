"""The upkeep job: runs due tasks, in one session at a time, and stores their results."""

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

# Key of the advisory lock that limits upkeep to one session. Any key that is otherwise unused.
LOCK_KEY: Final = 0x75706B656570
SESSION: Final = Session(
    "fleetgauge-upkeep",
    {
        # A lock request that waits blocks all later ones: give up, and retry after a minute.
        "lock_timeout": "1s",
        "statement_timeout": "1min",
        # A dry run of all tasks is one transaction.
        "idle_in_transaction_session_timeout": "1min",
    },
)
# How long a command waits for another session's upkeep, which usually takes less than a second.
WAIT_S: Final = 30.0
RUN_EVERY_S: Final = 60.0
RUN_EVERY: Final = timedelta(seconds=RUN_EVERY_S)

Connection = AsyncConnection[Any]


class BusyError(Exception):
    """Another session is running upkeep."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of a task: the chunks or rows it removed, and the error, if any."""

    task: str
    removed: int
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """When a task last succeeded, and whether that is too long ago."""

    task: str
    succeeded_at: datetime | None
    is_overdue: bool


def open_connection(database: DatabaseSettings) -> AbstractAsyncContextManager[Connection]:
    """A dedicated connection, as ingest's pool is small; raises psycopg.OperationalError."""
    return connected(database, SESSION)


async def acquire_upkeep_lock(connection: Connection) -> None:
    """Takes the upkeep lock until the session ends; raises BusyError if another one holds it."""
    if not await try_lock(connection, LOCK_KEY):
        raise BusyError("another session is running upkeep")


async def await_upkeep_lock(connection: Connection) -> None:
    """Takes the upkeep lock until the session ends; raises BusyError after `WAIT_S`."""
    try:
        async with connection.transaction():
            await connection.execute(query("set_lock_timeout"), {"timeout_s": WAIT_S})
            await connection.execute(query("await_session_lock"), {"key": LOCK_KEY})
    except psycopg.errors.LockNotAvailable as error:
        raise BusyError(f"another session has been running upkeep for {WAIT_S:.0f} s") from error


async def do_tasks(
    connection: Connection, tasks: Sequence[UpkeepTask], every: timedelta, age: Age
) -> list[TaskResult]:
    """Runs all tasks, even if some fail, and stores and returns their results.

    Raises psycopg's errors if the database becomes unavailable or cannot be written.
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
    """The state of all periodic tasks, including the server's jobs; raises psycopg's errors."""
    cursor = await connection.execute(query("read_upkeep"), {"now": now})
    return [State(*row) for row in await cursor.fetchall()]


class Upkeep:
    """The background task that runs due tasks. The first process to get the lock runs them."""

    def __init__(
        self,
        database: DatabaseSettings,
        every: timedelta,
        read_clocks: ReadClocks = read_clocks,
    ) -> None:
        self._database = database
        self._every = every
        self._read_clocks = read_clocks

    async def run(self, period_s: float = RUN_EVERY_S) -> None:
        """Runs every `period_s` until cancelled; retries while the database is unavailable."""
        while True:
            try:
                with reported("upkeep"):
                    await self.run_due_tasks()
            except (psycopg.Error, EditionError, OSError) as error:
                log.warning("upkeep not run", error=sentence(error))
            await asyncio.sleep(period_s)

    async def run_due_tasks(self) -> None:
        """Runs due tasks unless another session does, and sets the metrics.

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
                _set_state(state)

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
            _report(outcome)

    async def _check_conservation(self, connection: Connection, clocks: Clocks) -> None:
        failure = None
        try:
            await check(connection, self._database)
        except psycopg.Error as error:
            if connection.closed:
                raise
            failure = sentence(error)
        outcome = TaskResult("conservation", 0, failure)
        await _note(connection, outcome, RUN_EVERY, clocks.database)
        _report(outcome)

    def _is_due(self, succeeded_at: datetime | None, now: datetime) -> bool:
        # A success in the future comes from a wrong clock: ignore it.
        return succeeded_at is None or not succeeded_at <= now < succeeded_at + self._every


def _set_state(state: State) -> None:
    metrics.UPKEEP_OVERDUE.labels(state.task).set(state.is_overdue)
    if state.succeeded_at is not None:
        metrics.UPKEEP_SUCCESS.labels(state.task).set(state.succeeded_at.timestamp())


def _report(outcome: TaskResult) -> None:
    metrics.UPKEEP_REMOVED.labels(outcome.task).inc(outcome.removed)
    if outcome.failure is not None:
        metrics.UPKEEP_FAILURES.labels(outcome.task).inc()
        log.warning("upkeep failed", task=outcome.task, error=outcome.failure)
    elif outcome.removed:
        log.info("upkeep", task=outcome.task, removed=outcome.removed)
