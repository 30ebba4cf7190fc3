"""Describes which sessions hold a lock that a command did not get in time."""

from enum import Enum
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from sql.named import query


class BlockedError(psycopg.Error):
    """A lock was not acquired in time; the message names the sessions that hold it."""


class Lock(Enum):
    """A lock that several sessions take; the value is its name in `read_lock_holders`."""

    OFFSETS = "offsets"
    AGGREGATES = "aggregates"
    JOBS = "jobs"


NAMES: Final = {
    Lock.OFFSETS: "the stored offsets",
    Lock.AGGREGATES: "the aggregates",
    Lock.JOBS: "the lock of refreshes, compression, retention, repair and erase",
}


async def describe_wait(connection: AsyncConnection[Any], lock: Lock, waited_s: float) -> str:
    """A sentence with the waiting time and the holders' names; raises psycopg's errors."""
    cursor = await connection.execute(query("read_lock_holders"), {"lock": lock.value})
    holders = [f"{name} (process {pid})" for name, pid in await cursor.fetchall()]
    held_by = " and ".join(holders) or "a session that has ended since"
    return f"waited {waited_s:g} seconds for {NAMES[lock]}, held by {held_by}"
