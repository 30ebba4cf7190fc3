"""Samples stored as the writer does, and rollups refreshed when a test says so."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from tests.community.jobs import alone
from tests.support.rollups import LEVELS
from tests.support.rows import put


def store(connection: psycopg.Connection[Any], rows: Iterable[tuple[Any, ...]]) -> None:
    """One batch of (ts, agent_key, cpu, memory, messages, errors, response_ms), past those that are
    there already, as the writer stores it; on a separate connection."""
    put(url_of(connection), rows)


def url_of(connection: psycopg.Connection[Any]) -> str:
    """Where a connection goes, password included."""
    return make_conninfo(connection.info.dsn, password=connection.info.password)


def refresh(connection: psycopg.Connection[Any], start: datetime, stop: datetime) -> None:
    """What the job does of [start, stop), at once; in no transaction."""
    with alone(connection):
        for relation in LEVELS:
            text = f"call refresh_continuous_aggregate('{relation}', '{start}', '{stop}')"
            connection.execute(text.encode())
        connection.execute("select count_agents_by_hour(%s, %s)", [start, stop])


def compress(connection: psycopg.Connection[Any], relation: str) -> int:
    """Puts all chunks into the columnstore; how many there are."""
    text = "select show_chunks(%s)::text"
    chunks = connection.execute(text.encode(), [relation]).fetchall()
    with alone(connection):
        for (chunk,) in chunks:
            connection.execute(
                f"call convert_to_columnstore('{chunk}', if_not_columnstore => true)".encode()
            )
    return len(chunks)
