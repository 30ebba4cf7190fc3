"""Every aggregate equals a group-by of the raw rows, whatever order and batches they came in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sql.queries import query
from tests.rollups import BATCHES, LEVELS, Batch, Sent, check
from tests.rows import copy
from tests.stack import Stack, created_database, migrate

# The other edition has its own, tests/community/test_rollups.py.
pytestmark = pytest.mark.edition("apache")

START = datetime(2026, 3, 9, 23, 50, tzinfo=UTC)


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            yield connection


def store(connection: psycopg.Connection[Any], batch: Batch, shard: int) -> None:
    """One batch as a writer stores it: straight, or past those already there."""
    rows = [sent.row(START) for sent in batch]
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


@settings(max_examples=100)
@given(batches=BATCHES, data=st.data())
def test_aggregates_equal_the_raw_rows(
    connection: psycopg.Connection[Any], batches: list[Batch], data: st.DataObject
) -> None:
    connection.rollback()
    tables = [*LEVELS, "platform_metrics_1h", "agent_samples"]
    connection.execute(f"truncate {', '.join(tables)}".encode())
    for batch in batches:
        store(connection, batch, data.draw(st.integers(0, 2), label="shard"))
    check(connection, batches, START)


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
