"""Samples stored and rollups refreshed on the community edition, as far as a test can say when."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import psycopg

from tests.community.jobs import alone
from tests.rollups import LEVELS

INSERT: Final = b"""
insert into agent_samples (ts, agent_key, cpu, memory, messages, errors, response_ms)
select * from unnest(
    %s::timestamptz[], %s::integer[], %s::real[], %s::real[], %s::integer[], %s::integer[],
    %s::real[]
) as sent (ts, agent_key)
order by agent_key, ts
on conflict (agent_key, ts) do nothing
"""


def store(connection: psycopg.Connection[Any], rows: Iterable[tuple[Any, ...]]) -> None:
    """One batch of (ts, agent_key, cpu, memory, messages, errors, response_ms), past those that are
    there already."""
    connection.execute(INSERT, [list(column) for column in zip(*rows, strict=True)])


def refresh(connection: psycopg.Connection[Any], start: datetime, stop: datetime) -> None:
    """What the job does of [start, stop), at once; in no transaction."""
    with alone(connection):
        for relation in LEVELS:
            text = f"call refresh_continuous_aggregate('{relation}', '{start}', '{stop}')"
            connection.execute(text.encode())


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
