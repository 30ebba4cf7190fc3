"""`fleetgauge erase`: erases the data of a user or an agent, or rows whose agent is gone."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import psycopg
from psycopg.errors import LockNotAvailable

from ingest.admin.refreshes import without_refreshes
from ingest.admin.upkeep import Connection, open_connection
from ingest.admin.waits import BlockedError, Lock, describe_wait
from ingest.errors import HINT_DATABASE, NOT_MIGRATED, sentence
from schemas.runtime.progressbar import shown
from schemas.settings import DatabaseSettings
from sql.named import query

PATIENCE_S: Final = 20.0
# Writers queue behind each attempt to lock them out. Longer than most batches take: with shorter
# attempts, several writers of large batches would never all be between batches.
ATTEMPT_S: Final = 3.0
PAUSE_S: Final = 1.0

Result = TypeVar("Result")


class EraseError(Exception):
    """Nothing was erased, or only a part; the message says which, why, and how to continue."""


class _HeldError(Exception):
    """Another session holds the lock. The transaction was rolled back and may be retried."""

    def __init__(self, lock: Lock) -> None:
        super().__init__(lock)
        self.lock = lock


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data: a user's, or one agent's of a user. With neither, orphans."""

    user_id: str | None = None
    agent_id: str | None = None

    def __str__(self) -> str:
        if self.user_id is None:
            return "rows whose agent no longer exists"
        if self.agent_id is None:
            return f"user {self.user_id}"
        return f"agent {self.agent_id} of user {self.user_id}"


@dataclass(frozen=True, slots=True)
class Erased:
    """The number of rows erased from a relation."""

    relation: str
    rows: int


def count(database: DatabaseSettings, subject: Subject) -> list[Erased]:
    """Counts the rows `erase` would erase, omitting relations without any; raises EraseError."""
    return _run(_count(database, subject))


def erase(
    database: DatabaseSettings, subject: Subject, patience_s: float = PATIENCE_S
) -> list[Erased]:
    """Erases a subject's data while ingest runs; returns the relations that had rows.

    `patience_s` is how long it waits for a refresh, writers and the server's own jobs. Raises
    EraseError.
    """
    return _run(_erase(database, subject, patience_s))


def describe(erased: Sequence[Erased]) -> str:
    """One line per relation, for the terminal."""
    return "\n".join(f"{one.relation:<18} {one.rows:>12,} rows" for one in erased)


def _run(work: Any) -> list[Erased]:
    try:
        rows: Mapping[str, int] = asyncio.run(work)
    except NOT_MIGRATED as error:
        raise EraseError("the database is not migrated: run 'fleetgauge migrate'") from error
    except BlockedError as error:
        raise EraseError(
            f"nothing was erased: {error}; try again, and see 'fleetgauge doctor'"
        ) from error
    except psycopg.Error as error:
        hint = f"; {HINT_DATABASE}" if error.sqlstate is None else ""
        raise EraseError(f"nothing was erased: {sentence(error)}{hint}") from error
    return [Erased(relation, rows[relation]) for relation in rows if rows[relation]]


@asynccontextmanager
async def _open(database: DatabaseSettings, patience_s: float) -> AsyncIterator[Connection]:
    async with open_connection(database) as connection:
        await connection.execute(query("set_erase_limits"), {"patience_s": patience_s})
        yield connection


async def _count(database: DatabaseSettings, subject: Subject) -> Counter[str]:
    names = {"user_id": subject.user_id, "agent_id": subject.agent_id}
    async with _open(database, PATIENCE_S) as connection:
        if subject.user_id is None:
            keys = await read_orphans(connection)
        else:
            keys = await _keys(connection, "read_agents_of", names)
        rows = await _rows(connection, "count_agent_rows", {"agent_keys": keys})
        if subject.user_id is not None:
            rows["agents"] = len(keys)
            rows += await _rows(connection, "count_deployments", names)
            rows += await _rows(connection, "count_timeline", names)
            if subject.agent_id is None:
                rows += await _rows(connection, "count_business", names)
    return rows


async def _erase(database: DatabaseSettings, subject: Subject, patience_s: float) -> Counter[str]:
    async with (
        _open(database, patience_s) as connection,
        without_refreshes(connection, patience_s),
    ):
        erasing = _Erasing(connection, subject, patience_s)
        keys, rows = await erasing.without_writers(erasing.detach)
        try:
            rows += await erasing.erase_metrics(keys)
            await erasing.without_writers(erasing.delete_empty_hours)
        except psycopg.Error as error:
            raise EraseError(
                f"the agents of {subject} are erased, but not all of their samples and rollups: "
                f"{sentence(error)}; run 'fleetgauge erase --orphans' to erase the rest"
            ) from error
    return rows


class _Erasing:
    """The transactions of an erase."""

    def __init__(self, connection: Connection, subject: Subject, patience_s: float) -> None:
        self._connection = connection
        self._subject = subject
        self._patience_s = patience_s

    async def detach(self) -> tuple[list[int], Counter[str]]:
        """Deletes the agents and all their data except samples and rollups; returns their keys.

        Runs without concurrent writers. Increments all epochs, so that afterwards no writer
        uses these keys: each has to claim its partitions and look up its agents again.
        """
        connection, subject = self._connection, self._subject
        names = {"user_id": subject.user_id, "agent_id": subject.agent_id}
        rows: Counter[str] = Counter()
        await connection.execute(query("fence_writers"))
        if subject.user_id is None:
            keys = await read_orphans(connection)
        else:
            keys = await _keys(connection, "erase_agents", names)
            rows["agents"] = len(keys)
            rows += await _rows(connection, "erase_deployments", names)
            rows += await _rows(connection, "erase_timeline", names)
            if subject.agent_id is None:
                rows += await _rows(connection, "erase_business", names)
        rows += await _rows(connection, "erase_agent_rows", {"agent_keys": keys})
        rows += await _rows(connection, "erase_summary", {"agent_keys": keys})
        return keys, rows

    async def erase_metrics(self, keys: Sequence[int]) -> Counter[str]:
        """Erases the samples and rollups of these agents, one agent at a time."""
        rows: Counter[str] = Counter()
        with shown("agents") as done:
            for place, key in enumerate(keys):
                done(place, len(keys))
                try:
                    rows += await _rows(self._connection, "erase_metrics", {"agent_key": key})
                except LockNotAvailable as error:
                    raise await self._blocked(Lock.AGGREGATES) from error
        return rows

    async def delete_empty_hours(self) -> None:
        """Deletes the platform's hours that no longer have samples."""
        await self._connection.execute(query("delete_empty_hours"))

    async def without_writers(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction without concurrent writers or refreshes.

        Locks the aggregates first, in the shared mode of writers of late samples, so that no
        writer waits behind this transaction for a refresh. A repair locks in the other order, but
        both first take the lock of `without_refreshes`, so they cannot deadlock.
        """
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                async with self._connection.transaction():
                    await self._lock("share_aggregates", Lock.AGGREGATES, self._patience_s)
                    await self._lock("lock_writers", Lock.OFFSETS, ATTEMPT_S)
                    await self._limit_waits(self._patience_s)
                    return await work()
            except _HeldError as held:
                if held.lock is Lock.AGGREGATES or time.monotonic() >= deadline:
                    raise await self._blocked(held.lock) from held
            await asyncio.sleep(PAUSE_S)

    async def _lock(self, name: str, lock: Lock, timeout_s: float) -> None:
        await self._limit_waits(timeout_s)
        try:
            await self._connection.execute(query(name))
        except LockNotAvailable as error:
            raise _HeldError(lock) from error

    async def _limit_waits(self, timeout_s: float) -> None:
        await self._connection.execute(query("set_lock_timeout"), {"timeout_s": timeout_s})

    async def _blocked(self, lock: Lock) -> BlockedError:
        return BlockedError(await describe_wait(self._connection, lock, self._patience_s))


async def read_orphans(connection: Connection) -> list[int]:
    """Agent keys that have rows but no agent, in ascending order; raises psycopg's errors."""
    return await _keys(connection, "read_orphans", {})


async def _keys(connection: Connection, name: str, values: Mapping[str, Any]) -> list[int]:
    cursor = await connection.execute(query(name), values)
    return sorted(key for (key,) in await cursor.fetchall())


async def _rows(connection: Connection, name: str, values: Mapping[str, Any]) -> Counter[str]:
    cursor = await connection.execute(query(name), values)
    return Counter(dict(await cursor.fetchall()))
