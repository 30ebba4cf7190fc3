"""Writes samples into the tables directly, as ingest would."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple

import polars as pl
import psycopg

from ingest.writing.aggregates import hours_of, late_values
from ingest.writing.arrayparameters import Timestamps
from ingest.writing.binarycopy import encode_samples
from sql.named import query
from tests.support.storing import frame_of, store

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Row(NamedTuple):
    """One sample; `agent` is `user/agent`."""

    agent: str
    ts: datetime
    cpu: float | None = 0.0
    memory: float | None = 0.0
    messages: int = 0
    errors: int = 0
    response_ms: float | None = None


def sample(agent: str, ts: str, *figures: Any, **values: Any) -> Row:
    """A row from text: `sample("alice/a1", "2026-03-10T14:05Z", cpu=10)`."""
    return Row(agent, datetime.fromisoformat(ts), *figures, **values)


def insert(database: str, rows: Iterable[Row]) -> None:
    """Stores samples as one batch, and creates their agents."""
    found = list(rows)
    with psycopg.connect(database) as connection:
        keys = agent_keys(connection, {row.agent for row in found})
    put(database, [(row.ts, keys[row.agent], *row[2:]) for row in found])


def put(database: str, rows: Iterable[tuple[Any, ...]], shard: int = 0) -> None:
    """Stores rows (ts, agent_key, cpu, memory, messages, errors, response_ms) as one batch."""
    # In a separate thread, because the caller may be in an event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _put(database, rows, shard)).result()


async def _put(database: str, rows: Iterable[tuple[Any, ...]], shard: int) -> None:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await store(connection, rows, shard)


def refresh(database: str, upto: datetime) -> None:
    """Aggregates all samples before a time, as ingest's refresh does."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(query("refresh_samples"), {"upto": upto})


def set_watermark(database: str, moment: datetime = LONG_AGO) -> None:
    """Sets the watermark of a database without samples; by default before all of them."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "update rollup_watermark set (watermark, frontier, hours_before) = ("
            "%(at)s, %(at)s, date_trunc('hour', %(at)s, 'UTC'))",
            {"at": moment},
        )


def agent_keys(connection: psycopg.Connection[Any], agents: Iterable[str]) -> dict[str, int]:
    """Creates agents named `user/agent`, and returns their keys."""
    keys = {}
    for agent in sorted(agents):
        row = connection.execute(
            "insert into agents (user_id, agent_id) values (%s, %s) returning agent_key",
            agent.split("/"),
        ).fetchone()
        keys[agent] = row[0] if row else 0
    return keys


def copy(
    connection: psycopg.Connection[Any], rows: Iterable[tuple[Any, ...]], shard: int = 0
) -> None:
    """Stores rows in the caller's transaction; the samples must be new."""
    samples = frame_of(rows)
    if samples.is_empty():
        return
    with connection.cursor().copy(query("copy_samples")) as stream:
        for piece in encode_samples(samples):
            stream.write(piece)
    connection.execute(query("add_to_platform"), {**hours_of(samples), "shard": shard})
    oldest = {"oldest": Timestamps([samples["ts"].min()])}
    ((watermark_us,),) = connection.execute(query("hold_watermark"), oldest).fetchall()
    late = samples.filter(pl.col("ts") < watermark_us)
    if late.height:
        connection.execute(query("add_late_samples"), late_values(late))
