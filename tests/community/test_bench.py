"""The benchmarks' fleet is readable on the community edition as on the other."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ingest.writing.binarycopy import encode_samples
from tests.bench.reading.history import RAW, Samples, copy
from tests.bench.reading.levels import run_file, table_of, writable_levels
from tests.bench.reading.relations import RELATIONS, bytes_of_row
from tests.bench.writing.databases import AGGREGATES, drop_aggregates
from tests.community.server import community_database

AGENTS = 50
DAY = timedelta(days=1)


@pytest.fixture
def url() -> Iterator[str]:
    with community_database() as made:
        yield made


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"set bench.agents = {AGENTS}".encode())
        yield connection


def test_hours_and_days_that_were_filled_are_read(connection: psycopg.Connection[Any]) -> None:
    with writable_levels(connection):
        run_file(connection, "fill_aggregates.sql")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for relation in ("agent_metrics_1h", "agent_metrics_1d"):
        found = sums(connection, relation, "day", today - 7 * DAY, today - DAY)
        assert list(found.values()) == [8640 * AGENTS] * 6, relation
    # The newest hours also in 5 minutes, which end with raw samples; they add up to the days.
    fine = sums(connection, "agent_metrics_5m", "hour", today, today + DAY)
    assert set(list(fine.values())[:-1]) <= {360 * AGENTS}
    assert fine == sums(connection, "agent_metrics_1h", "hour", today, today + DAY)
    days = sums(connection, "agent_metrics_1d", "day", today, today + DAY)
    assert days == {today: sum(fine.values())}
    (raw,) = connection.execute("select count(*) from agent_samples where agent_key > 0")
    assert 100 * AGENTS <= raw[0] <= 160 * AGENTS


def sums(
    connection: psycopg.Connection[Any], relation: str, unit: str, start: datetime, stop: datetime
) -> dict[datetime, int]:
    """Samples of the agents that were filled, by hour or day."""
    text = (
        f"select date_trunc('{unit}', bucket, 'UTC'), sum(samples)::bigint from {relation} "  # noqa: S608
        "where agent_key > 0 and bucket >= %s and bucket < %s group by 1 order by 1"
    )
    return dict(connection.execute(text.encode(), [start, stop]).fetchall())


def test_bytes_of_what_is_materialised(connection: psycopg.Connection[Any]) -> None:
    now = datetime.now(UTC)
    for frame in Samples("few", AGENTS, 20, step_s=60).batches(now, together=1):
        copy(connection, encode_samples(frame))
    run_file(connection, "materialise.sql")
    for relation in RELATIONS:
        assert bytes_of_row(connection, relation) > 0
        table = table_of(connection, relation).as_string(connection)
        assert connection.execute(f"select from {table}".encode()).rowcount >= AGENTS


def test_a_bare_hypertable_has_nothing_beside_it(
    url: str, connection: psycopg.Connection[Any]
) -> None:
    drop_aggregates(url)
    assert connection.execute(AGGREGATES).fetchall() == []
    jobs = "select from timescaledb_information.jobs where job_id >= 1000"
    assert connection.execute(jobs).rowcount == 0
    for frame in Samples("few", AGENTS, 2, step_s=60).batches(datetime.now(UTC)):
        copy(connection, encode_samples(frame))
    assert connection.execute("select from agent_latest").rowcount == 0


def test_a_month_by_days_is_that_of_its_samples(
    url: str, connection: psycopg.Connection[Any]
) -> None:
    now = datetime.now(UTC)
    samples = Samples("few", AGENTS, 600, step_s=30 * 24 * 3600 / 600)
    with writable_levels(connection):
        for frame in samples.batches(now):
            copy(connection, encode_samples(frame))
        run_file(connection, "fill_days.sql")
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - 28 * DAY
    edges = [start + n * DAY for n in range(30)]
    bounds = {"edges": edges, "start": start, "stop": edges[-1]}
    values = {"user_id": "user-0", "agent_id": None, **bounds}
    raw = connection.execute(RAW, values).fetchall()
    days = connection.execute(
        "select bucket, sum(messages), sum(errors) from agent_metrics_1d "
        "where agent_key > 0 and bucket >= %(start)s group by 1 order by 1",
        values,
    ).fetchall()
    assert len(days) == 29
    assert [row[0] for row in raw] == [row[0] for row in days]
    assert [tuple(row[7:9]) for row in raw] == [tuple(row[1:]) for row in days]
