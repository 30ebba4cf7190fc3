"""Disk space per row of each table that grows with the fleet, written as by live ingest."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from psycopg import AsyncConnection, sql

from ingest.admin.refresh import refresh
from sql.edition import Edition, read_edition
from tests.bench.measurement import Bench
from tests.bench.reading.history import Samples
from tests.bench.reading.levels import run_file, table_of
from tests.bench.result import Result, Series
from tests.bench.writing.databases import migrated_database, set_watermark
from tests.bench.writing.geometry import Geometry
from tests.support.storing import add, batch_of

NAME: Final = "relations"
TITLE: Final = "Bytes per row, by table"
AGENTS: Final = 1_000
MINUTES: Final = 240
BYTES: Final = "bytes a row"
RELATIONS: Final = ("agent_samples", "agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d")
OF_AGENT: Final = "a row of each agent in agents, agent_latest"
ROW_BYTES: Final = "select hypertable_size({name})::float8 / count(*) from {table}"
AGENT_BYTES: Final = """
select sum(pg_total_relation_size(name::regclass))::float8 / (select count(*) from agents)
from unnest(array['agents', 'agent_latest']) as name
"""


def measure(bench: Bench) -> Result:
    """Measure with one sample of each agent per batch and a refresh after each batch.

    So aggregate rows are updated often. Writing passes midnight, so that a day is aggregated.
    """
    newest = _two_hours_past_midnight(datetime.now(UTC))
    samples = Samples("live", AGENTS, MINUTES, step_s=60)
    with (
        migrated_database(bench.stack, Geometry(AGENTS, AGENTS, 0, newest)) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        set_watermark(url, newest - timedelta(minutes=MINUTES))
        asyncio.run(_write(url, samples, newest))
        if read_edition(connection) is Edition.COMMUNITY:
            run_file(connection, "materialise.sql")
        sizes = {name: bytes_of_row(connection, name) for name in RELATIONS}
        ((sizes[OF_AGENT],),) = connection.execute(AGENT_BYTES).fetchall()
    setup = (
        f"{bench.edition} edition, {AGENTS:,} agents, {MINUTES} samples of each, a minute apart, "
        "one of each per batch, a refresh after each; with indexes, without compression"
    )
    series = tuple(Series(name, {BYTES: (size,)}) for name, size in sizes.items())
    return Result(NAME, TITLE, setup, series)


def _two_hours_past_midnight(now: datetime) -> datetime:
    return (now - timedelta(hours=2)).replace(hour=2, minute=0, second=0, microsecond=0)


async def _write(url: str, samples: Samples, newest: datetime) -> None:
    async with (
        await AsyncConnection.connect(url, autocommit=True) as writer,
        await AsyncConnection.connect(url, autocommit=True) as upkeep,
    ):
        for number, frame in enumerate(samples.batches(newest, together=1), 1):
            async with writer.transaction():
                await add(writer, batch_of(frame))
            ts = newest - timedelta(minutes=MINUTES - number)
            await refresh(upkeep, ts + timedelta(seconds=1))


def bytes_of_row(connection: psycopg.Connection[tuple[float]], relation: str) -> float:
    """Bytes per row, including indexes."""
    table = table_of(connection, relation)
    name = sql.Literal(table.as_string(connection))
    question = sql.SQL(ROW_BYTES).format(name=name, table=table)
    ((size,),) = connection.execute(question).fetchall()
    return size
