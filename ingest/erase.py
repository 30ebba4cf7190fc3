"""`fleetgauge erase`: all that is stored of a user, of an agent, or of keys without an agent."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from ingest.errors import MEND_DATABASE, sentence
from ingest.upkeep import Connection, open_connection
from schemas.progress import shown
from schemas.settings import DatabaseSettings
from sql.queries import query


class EraseError(Exception):
    """Nothing was erased, or not all of it; the message says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data it is: a user's, one agent's of a user; or, with neither, orphans."""

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
    """How many rows of a relation."""

    relation: str
    rows: int


def count(database: DatabaseSettings, subject: Subject) -> list[Erased]:
    """What `erase` would erase, relations with rows only; raises EraseError."""
    return _run(_count(database, subject))


def erase(database: DatabaseSettings, subject: Subject) -> list[Erased]:
    """Erases everything, beside running ingests; relations with rows only. Raises EraseError."""
    return _run(_erase(database, subject))


def describe(erased: Sequence[Erased]) -> str:
    """A line a relation, for people."""
    return "\n".join(f"{one.relation:<18} {one.rows:>12,} rows" for one in erased)


def _run(work: Any) -> list[Erased]:
    try:
        rows: Mapping[str, int] = asyncio.run(work)
    except psycopg.errors.UndefinedTable as error:
        raise EraseError("the database is not migrated: run 'fleetgauge migrate'") from error
    except psycopg.errors.LockNotAvailable as error:
        raise EraseError(
            f"nothing was erased: {sentence(error)}. A writer holds the stored offsets for more "
            "than 20 seconds; try again, and see 'fleetgauge doctor'"
        ) from error
    except psycopg.Error as error:
        hint = f"; {MEND_DATABASE}" if error.sqlstate is None else ""
        raise EraseError(f"nothing was erased: {sentence(error)}{hint}") from error
    return [Erased(relation, rows[relation]) for relation in rows if rows[relation]]


@asynccontextmanager
async def _open(database: DatabaseSettings) -> AsyncIterator[Connection]:
    async with open_connection(database) as connection:
        await connection.execute(query("set_erase_limits"))
        yield connection


async def _count(database: DatabaseSettings, subject: Subject) -> Counter[str]:
    names = {"user_id": subject.user_id, "agent_id": subject.agent_id}
    async with _open(database) as connection:
        if subject.user_id is None:
            keys = await read_orphans(connection)
        else:
            keys = await _keys(connection, "read_agents_of", names)
        rows = await _rows(connection, "count_agent_rows", {"agent_keys": keys})
        if subject.user_id is not None:
            rows["agents"] = len(keys)
            rows += await _rows(connection, "count_deployments", names)
            if subject.agent_id is None:
                rows += await _rows(connection, "count_business", names)
    return rows


async def _erase(database: DatabaseSettings, subject: Subject) -> Counter[str]:
    async with _open(database) as connection:
        keys, rows = await _detach(connection, subject)
        try:
            with shown("agents") as done:
                for place, key in enumerate(keys):
                    done(place, len(keys))
                    async with connection.transaction():
                        rows += await _rows(connection, "erase_metrics", {"agent_key": key})
            async with connection.transaction():
                await connection.execute(query("lock_writers"))
                await connection.execute(query("delete_empty_hours"))
        except psycopg.Error as error:
            raise EraseError(
                f"the agents of {subject} are gone, and some of their samples and rollups are "
                f"still there: {sentence(error)}; 'fleetgauge erase --orphans' erases the rest"
            ) from error
    return rows


async def _detach(connection: Connection, subject: Subject) -> tuple[list[int], Counter[str]]:
    """Takes the agents away, and all that is not samples; returns the agents' keys.

    No writer is under way meanwhile, and none stores under these keys afterwards: each finds its
    partitions claimed by another, claims them again and looks up its agents again.
    """
    names = {"user_id": subject.user_id, "agent_id": subject.agent_id}
    rows: Counter[str] = Counter()
    async with connection.transaction():
        await connection.execute(query("lock_writers"))
        await connection.execute(query("fence_writers"))
        await connection.execute(query("lock_aggregates"))
        if subject.user_id is None:
            keys = await read_orphans(connection)
        else:
            keys = await _keys(connection, "erase_agents", names)
            rows["agents"] = len(keys)
            rows += await _rows(connection, "erase_deployments", names)
            if subject.agent_id is None:
                rows += await _rows(connection, "erase_business", names)
        rows += await _rows(connection, "erase_agent_rows", {"agent_keys": keys})
    return keys, rows


async def read_orphans(connection: Connection) -> list[int]:
    """Keys that have rows and no agent, by number; raises psycopg's errors."""
    return await _keys(connection, "read_orphans", {})


async def _keys(connection: Connection, name: str, values: Mapping[str, Any]) -> list[int]:
    cursor = await connection.execute(query(name), values)
    return sorted(key for (key,) in await cursor.fetchall())


async def _rows(connection: Connection, name: str, values: Mapping[str, Any]) -> Counter[str]:
    cursor = await connection.execute(query(name), values)
    return Counter(dict(await cursor.fetchall()))
