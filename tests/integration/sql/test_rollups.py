"""Every aggregate equals a group-by of the raw rows, whatever order and batches they came in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import uuid4

import polars as pl
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sql.queries import query
from tests.rows import copy
from tests.stack import Stack, created_database, migrate

# Twenty minutes around midnight: hours, days and chunks are all crossed within a batch.
START = datetime(2026, 3, 9, 23, 50, tzinfo=UTC)
LEVELS = {"agent_metrics_5m": "5m", "agent_metrics_1h": "1h", "agent_metrics_1d": "1d"}
FIGURES = (
    "samples",
    "cpu_sum",
    "cpu_max",
    "memory_sum",
    "memory_max",
    "messages",
    "errors",
    "response_ms_sum",
    "response_messages",
    "up_buckets",
)


class Sent(NamedTuple):
    """What tells a sample apart; its figures follow from it, so that a resent one is the same."""

    agent_key: int
    day: int
    half_minute: int

    def row(self) -> tuple[Any, ...]:
        """The sample as `copy` takes it."""
        random = Random(str(self))
        ts = START + timedelta(days=self.day, seconds=30 * self.half_minute)
        percents = (random.randrange(1001) / 10, random.randrange(1001) / 10)
        response_ms = random.choice([None, random.randrange(100_000) / 10])
        counts = (random.randrange(1000), random.randrange(10))
        return (ts, self.agent_key, *percents, *counts, response_ms)


Batch = list[Sent]
BATCHES = st.lists(
    st.lists(
        st.builds(Sent, st.integers(1, 3), st.sampled_from([0, 1, 30]), st.integers(0, 39)),
        min_size=1,
        max_size=40,
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            yield connection


def store(connection: psycopg.Connection[Any], batch: Batch, shard: int) -> None:
    """One batch as a writer stores it: straight, or past those already there."""
    rows = [sent.row() for sent in batch]
    connection.execute(query("set_shard"), {"shard": str(shard)})
    try:
        with connection.transaction():
            copy(connection, rows)
    except psycopg.errors.UniqueViolation:
        with connection.transaction():
            store_resent(connection, rows)


def store_resent(connection: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> None:
    connection.execute(query("create_resent_samples"))
    copy(connection, rows, into="resent_samples")
    connection.execute(query("insert_resent_samples"))
    connection.execute("drop table resent_samples")


def expected(batches: list[Batch], every: str, keys: list[str]) -> list[tuple[Any, ...]]:
    """The same by polars; values become float32 first, as in the table, and sum in float64."""
    names = ["ts", "agent_key", "cpu", "memory", "messages", "errors", "response_ms"]
    rows = [sent.row() for sent in {sent for batch in batches for sent in batch}]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("cpu", "memory", "response_ms").cast(pl.Float32).cast(pl.Float64),
        fine=pl.col("ts").dt.truncate("5m"),
        bucket=pl.col("ts").dt.truncate(every),
    )
    told = pl.col("response_ms").is_not_null()
    grouped = frame.group_by(keys).agg(
        pl.len(),
        pl.col("cpu").sum(),
        pl.col("cpu").max().alias("cpu_max"),
        pl.col("memory").sum(),
        pl.col("memory").max().alias("memory_max"),
        pl.col("messages").sum(),
        pl.col("errors").sum(),
        (pl.col("response_ms") * pl.col("messages")).sum().alias("response_ms_sum"),
        pl.col("messages").filter(told).sum().alias("response_messages"),
        pl.struct("agent_key", "fine").n_unique().alias("up_buckets"),
    )
    return sorted(grouped.rows())


def stored(
    connection: psycopg.Connection[Any], relation: str, keys: list[str]
) -> list[tuple[Any, ...]]:
    """What the aggregate says; shards of the platform's are added up."""
    key = ", ".join(keys)
    figures = ", ".join(
        f"max({name})::double precision" if name.endswith("max") else f"sum({name})"
        for name in FIGURES
    )
    text = f"select {key}, {figures} from {relation} group by {key} order by {key}"  # noqa: S608
    return connection.execute(text.encode()).fetchall()


@settings(max_examples=100, deadline=None)
@given(batches=BATCHES, data=st.data())
def test_aggregates_equal_the_raw_rows(
    connection: psycopg.Connection[Any], batches: list[Batch], data: st.DataObject
) -> None:
    connection.rollback()
    tables = [*LEVELS, "platform_metrics_1h", "agent_samples"]
    connection.execute(f"truncate {', '.join(tables)}".encode())
    for batch in batches:
        store(connection, batch, data.draw(st.integers(0, 2), label="shard"))
    for relation, every in LEVELS.items():
        keys = ["agent_key", "bucket"]
        assert stored(connection, relation, keys) == expected(batches, every, keys), relation
    platform = stored(connection, "platform_metrics_1h", ["bucket"])
    assert platform == expected(batches, "1h", ["bucket"])


@pytest.mark.parametrize("statements", [1, 3])
def test_a_bucket_counts_as_up_once(connection: psycopg.Connection[Any], statements: int) -> None:
    connection.rollback()
    connection.execute(
        "truncate agent_metrics_5m, agent_metrics_1h, agent_metrics_1d, platform_metrics_1h, "
        "agent_samples"
    )
    batch = [Sent(1, 0, half_minute) for half_minute in range(12)]
    for part in range(statements):
        store(connection, batch[part::statements], shard=part)
    for relation in (*LEVELS, "platform_metrics_1h"):
        total = connection.execute(f"select sum(up_buckets) from {relation}".encode()).fetchone()  # noqa: S608
        assert total == (2,), relation
