"""`fleetgauge maintain`: runs all upkeep tasks once."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import psycopg

from ingest.admin.clocks import Age, ClockError, read_age, read_clocks
from ingest.admin.conservation.check import note_retention
from ingest.admin.edition import read_edition
from ingest.admin.retention import UpkeepTask, retention_tasks
from ingest.admin.upkeep import (
    BusyError,
    Connection,
    TaskResult,
    await_upkeep_lock,
    do_tasks,
    open_connection,
)
from ingest.errors import HINT_DATABASE, sentence
from schemas.runtime.progressbar import shown
from schemas.settings import DatabaseSettings, IngestSettings
from sql.session import UnusableDatabase


class MaintainError(Exception):
    """Upkeep could not start or finish; the message states the cause and the fix."""


def maintain(
    database: DatabaseSettings, ingest: IngestSettings, *, dry_run: bool
) -> list[TaskResult]:
    """Runs every task and returns the results; a dry run changes nothing. Raises MaintainError."""
    with maintain_errors():
        return asyncio.run(_maintain(database, ingest, dry_run=dry_run))


@contextmanager
def maintain_errors(task: str = "run upkeep") -> Iterator[None]:
    """Converts errors of the task to MaintainError."""
    try:
        yield
    except BusyError as error:
        raise MaintainError(
            f"{error}, an ingest or another 'fleetgauge maintain': try again when it has ended"
        ) from error
    except ClockError as error:
        raise MaintainError(str(error)) from error
    except psycopg.errors.UndefinedTable as error:
        raise MaintainError("the database is not migrated: run 'fleetgauge migrate'") from error
    except psycopg.Error as error:
        # A failed login has no SQLSTATE.
        is_away = error.sqlstate is None and not isinstance(error, UnusableDatabase)
        hint = f"; {HINT_DATABASE}" if is_away else ""
        raise MaintainError(f"cannot {task}: {sentence(error)}{hint}") from error


async def _maintain(
    database: DatabaseSettings, ingest: IngestSettings, *, dry_run: bool
) -> list[TaskResult]:
    async with open_connection(database) as connection:
        await await_upkeep_lock(connection)
        tasks = retention_tasks(database)
        age = await read_age(connection, await read_clocks(connection))
        if not dry_run:
            # These settings may be shorter than ingest's: the conservation check must know them.
            await note_retention(connection, database, await read_edition(connection))
            return await _do(connection, tasks, ingest.upkeep_interval, age)
        # A dry run removes the data, then rolls back.
        async with connection.transaction(force_rollback=True):
            return await _do(connection, tasks, ingest.upkeep_interval, age)


async def _do(
    connection: Connection, tasks: Sequence[UpkeepTask], every: timedelta, age: Age
) -> list[TaskResult]:
    outcomes: list[TaskResult] = []
    with shown("upkeep tasks") as done:
        for task in tasks:
            done(len(outcomes), len(tasks))
            outcomes += await do_tasks(connection, [task], every, age)
    return outcomes


def describe(outcomes: Sequence[TaskResult]) -> str:
    """One line per task, for the terminal."""
    return "\n".join(
        f"{outcome.task:<20} {outcome.removed:>9} removed"
        + (f"   failed: {outcome.failure}" if outcome.failure else "")
        for outcome in outcomes
    )
