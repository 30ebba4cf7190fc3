"""From a loaded topic to committed rows, beside a binary COPY of the same rows."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
from aiokafka import AIOKafkaConsumer
from psycopg import sql

from ingest.batch import Intake
from ingest.copy import encode_samples
from ingest.intake import add_records
from ingest.shape import check_times, shape
from ingest.topics import create_topics
from schemas.settings import KafkaSettings
from sql.queries import query
from tests.bench.figures import Figure, markdown
from tests.bench.geometry import Geometry, load_topic
from tests.ingest_process import ingest_process
from tests.oracle import all_stored
from tests.stack import Stack, Topics, created_database, environment, migrate

GEOMETRIES = (
    Geometry("10 samples an agent in a batch", agents=1_000, batch_rows=10_000, rows=600_000),
    Geometry("1 sample an agent in a batch", agents=10_000, batch_rows=10_000, rows=200_000),
)
UNIT = "rows/s"
# The statement triggers: those of rows are TimescaleDB's own.
TRIGGERS = """
select tgname from pg_trigger
where tgrelid = 'agent_samples'::regclass and not tgisinternal and tgtype & 1 = 0
"""


async def measure_writing(stack: Stack, pairs: int) -> list[str]:
    """A section of the report."""
    lines = ["## Writing", ""]
    for geometry in GEOMETRIES:
        lines += await _measure(stack, geometry, pairs)
    return lines


async def _measure(stack: Stack, geometry: Geometry, pairs: int) -> list[str]:
    start = geometry.start
    topics = await _loaded_topics(stack, geometry, start)
    batches = [encode_samples(frame) for frame in geometry.frames(start)]
    runs: dict[str, list[float]] = {"ours": [], "copy": [], "bare": [], "shaped": []}
    for _ in range(pairs):
        runs["ours"].append(await _ours(stack, geometry, topics))
        runs["copy"].append(_copy(stack, geometry, batches))
        runs["bare"].append(_copy_bare(stack, geometry, batches))
        runs["shaped"].append(await _fetch_decode_shape(stack, geometry, topics))
    ours, copied, bare, shaped = (
        Figure(name, UNIT, tuple(geometry.rows / seconds for seconds in runs[key]))
        for name, key in (
            ("topic to committed rows, exactly once", "ours"),
            ("COPY with the aggregates", "copy"),
            ("COPY into a bare hypertable", "bare"),
            ("fetch, decode and shape alone", "shaped"),
        )
    )
    title = (
        f"{geometry.name}: {geometry.agents:,} agents, batches of {geometry.batch_rows:,} rows, "
        f"{geometry.rows:,} rows, one connection"
    )
    return markdown(title, [ours, copied, bare, shaped], [copied, bare])


async def _loaded_topics(stack: Stack, geometry: Geometry, start: datetime) -> Topics:
    mark = uuid4().hex[:8]
    topics = Topics(f"bench-{mark}.samples", f"bench-{mark}.events", f"bench-{mark}.deadletter")
    settings = KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
        samples_partitions=1,
        events_partitions=1,
    )
    # One partition: a batch then holds the rows in the order in which they were sent.
    await asyncio.to_thread(create_topics, settings)
    await load_topic(stack, topics.samples, geometry, start)
    return topics


@contextmanager
def _database(stack: Stack, geometry: Geometry) -> Iterator[str]:
    """A migrated database that knows the agents, keys in their order."""
    with created_database(stack.database_url, f"bench_{uuid4().hex[:8]}") as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            connection.cursor().executemany(
                "insert into agents (user_id, agent_id) values (%s, %s)", geometry.agent_ids()
            )
        yield url


async def _ours(stack: Stack, geometry: Geometry, topics: Topics) -> float:
    with _database(stack, geometry) as url, tempfile.TemporaryDirectory() as folder:
        variables = environment(
            url,
            stack,
            topics,
            FLEETGAUGE_BATCH_MAX_ROWS=str(geometry.batch_rows),
            FLEETGAUGE_CONSUMER_GROUP=f"bench-{uuid4().hex}",
        )
        async with ingest_process(variables, Path(folder) / "log") as ingest:
            await ingest.said('"claimed"')
            began = time.perf_counter()
            await all_stored(stack, url, topics, deadline_s=300)
            return time.perf_counter() - began


def _copy(stack: Stack, geometry: Geometry, batches: list[list[bytes]]) -> float:
    with _database(stack, geometry) as url:
        return _time_copy(url, batches)


def _copy_bare(stack: Stack, geometry: Geometry, batches: list[list[bytes]]) -> float:
    with _database(stack, geometry) as url:
        with psycopg.connect(url) as connection:
            for (trigger,) in connection.execute(TRIGGERS).fetchall():
                drop = sql.SQL("drop trigger {} on agent_samples").format(sql.Identifier(trigger))
                connection.execute(drop)
        return _time_copy(url, batches)


def _time_copy(url: str, batches: list[list[bytes]]) -> float:
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        for pieces in batches:
            with cursor.copy(query("copy_samples")) as copy:
                for piece in pieces:
                    copy.write(piece)
        return time.perf_counter() - began


async def _fetch_decode_shape(stack: Stack, geometry: Geometry, topics: Topics) -> float:
    consumer = AIOKafkaConsumer(
        topics.samples,
        bootstrap_servers=stack.kafka_bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * 1024**2,
    )
    keys = {pair: number for number, pair in enumerate(geometry.agent_ids())}
    await consumer.start()
    try:
        began = time.perf_counter()
        done, intake = 0, Intake()
        while done < geometry.rows:
            for partition, records in (
                await consumer.getmany(timeout_ms=200, max_records=5_000)
            ).items():
                add_records(intake, partition, 0, records, 1024**2, keys.keys())
            if intake.rows >= geometry.batch_rows or done + intake.rows >= geometry.rows:
                done += intake.rows
                check_times(intake, timedelta(days=31))
                encode_samples(shape(intake, keys).samples)
                intake = Intake()
        return time.perf_counter() - began
    finally:
        await consumer.stop()
