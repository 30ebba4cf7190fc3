"""Every aggregate equals a group-by of the raw rows, refreshed or not, in rows or in columns."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.queries import query
from tests.community.jobs import alone
from tests.community.samples import compress, refresh, store
from tests.rollups import BATCHES, LEVELS, Batch, Sent, check

DAY = timedelta(days=1)
# Each example has months of its own, later than those before it: what was never refreshed is worked
# out while it is asked, and truncating does not bring that back.
STARTS = (datetime(2020, 1, 9, 23, 50, tzinfo=UTC) + number * 60 * DAY for number in count())
STEPS = st.sampled_from(["", "", "refresh a day", "refresh all", "compress"])


@pytest.fixture(scope="module")
def connection(community: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(community, autocommit=True) as connection:
        yield connection


def take(connection: psycopg.Connection[Any], step: str, day: datetime) -> None:
    """What the server's jobs may do between two batches."""
    if step == "refresh a day":
        refresh(connection, day, day + DAY)
    elif step == "refresh all":
        refresh(connection, day, day + 32 * DAY)
    elif step == "compress":
        compress(connection, "agent_samples")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, data=st.data())
def test_aggregates_equal_the_raw_rows(
    connection: psycopg.Connection[Any], batches: list[Batch], data: st.DataObject
) -> None:
    with alone(connection):
        connection.execute("truncate agent_samples, agent_marks, agent_uptime, agent_latest")
    start = next(STARTS)
    day = start.replace(hour=0, minute=0)
    for batch in batches:
        store(connection, [sent.row(start) for sent in batch])
    check(connection, batches, start)
    late = data.draw(BATCHES, label="late")
    for batch in late:
        take(connection, data.draw(STEPS, label="step"), day)
        store(connection, [sent.row(start) for sent in batch])
    refresh(connection, day, day + 32 * DAY)
    check(connection, batches + late, start)


@pytest.mark.parametrize("statements", [1, 3])
def test_a_bucket_counts_as_up_once(connection: psycopg.Connection[Any], statements: int) -> None:
    with alone(connection):
        connection.execute("truncate agent_samples, agent_marks, agent_uptime, agent_latest")
    start = next(STARTS)
    batch = [Sent(1, 0, half_minute) for half_minute in range(12)]
    for part in range(statements):
        connection.execute(query("set_shard"), {"shard": str(part)})
        store(connection, [sent.row(start) for sent in batch[part::statements]])
    check(connection, [batch], start)
    for relation in (*LEVELS, "platform_metrics_1h"):
        text = f"select sum(up_buckets) from {relation} where bucket >= %s"  # noqa: S608
        total = connection.execute(text.encode(), [start.replace(hour=0, minute=0)]).fetchone()
        assert total == (2,), relation
