"""Columnstore and retention between writes and reads change no answer inside its window."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ingest.admin.maintain import maintain
from schemas.settings import IngestSettings
from tests.community.jobs import pause_jobs, run_job
from tests.community.samples import refresh, store
from tests.community.server import community_database
from tests.community.test_answers import Side
from tests.support.rollups import LEVELS
from tests.support.rows import set_watermark
from tests.support.stack import database_settings

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SUMS = (
    "samples, cpu_samples, cpu_sum, memory_samples, memory_sum, messages, errors, "
    "response_ms_sum, up_buckets"
)
WINDOWS = {"agent_metrics_5m": 90, "agent_metrics_1h": 365, "agent_metrics_1d": 400}
# Past the retention of samples, and of 5 minutes.
DAYS = [*range(5), *range(5, 40, 3), *range(88, 94, 2)]


@pytest.fixture
def side(community: str) -> Any:
    with psycopg.connect(community, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(community, NOW)
        yield Side(community, connection)


def history(days: Iterable[int]) -> list[tuple[Any, ...]]:
    """Two agents, a sample in six hours of each of these UTC days before today, figures by age."""
    today = NOW.replace(hour=0, minute=0)
    times = [(day, today - day * DAY + hour * HOUR) for day in days for hour in range(0, 24, 6)]
    return [(ts, key, day % 90, 5, day, 1, 2.5) for day, ts in times if ts <= NOW for key in (1, 2)]


def kept(side: Side) -> dict[str, list[Any]]:
    """Every level, as far back as it is kept."""
    return {
        relation: side.connection.execute(
            f"select bucket, agent_key, {SUMS} from {relation} "  # noqa: S608 - names of ours
            "where bucket >= %s order by 1, 2".encode(),
            [NOW - (days - 1) * DAY],
        ).fetchall()
        for relation, days in WINDOWS.items()
    }


def chunks(side: Side, relation: str) -> tuple[int, int]:
    """How many chunks there are, and how many of them in the columnstore."""
    row = side.connection.execute(
        "select count(*), count(*) filter (where is_compressed) "
        "from timescaledb_information.chunks as chunk "
        "left join timescaledb_information.continuous_aggregates as made "
        "on made.materialization_hypertable_name = chunk.hypertable_name "
        "where coalesce(made.view_name, chunk.hypertable_name) = %s",
        [relation],
    ).fetchone()
    return row or (0, 0)


def test_no_answer_changes(side: Side) -> None:
    for agent in ("a", "b"):
        side.connection.execute("insert into agents (user_id, agent_id) values ('u', %s)", [agent])
    store(side.connection, history(DAYS))
    side.connection.execute("analyze agent_samples")
    refresh(side.connection, NOW - 95 * DAY, NOW)
    answers, rollups = asyncio.run(side.answers(NOW)), kept(side)
    assert all(len(rows) >= 2 * len(DAYS) for rows in rollups.values())
    for job in ("refresh_metrics", "compress_chunks", "refresh_metrics"):
        assert run_job(side.connection, job)
        assert asyncio.run(side.answers(NOW)) == answers, job
        assert kept(side) == rollups, job
    removed = maintain(database_settings(side.url), IngestSettings(), dry_run=False)
    assert min(one.removed for one in removed if one.task in {"agent_samples", "agent_metrics_5m"})
    assert asyncio.run(side.answers(NOW)) == answers
    assert kept(side) == rollups
    run_job(side.connection, "refresh_metrics")
    assert kept(side) == rollups
    # Older ones are gone, and all but the newest three or so are in columns.
    total, in_columns = chunks(side, "agent_samples")
    assert 12 < total < len(DAYS)
    assert total - in_columns in {3, 4, 5}
    total, in_columns = chunks(side, "agent_metrics_5m")
    assert 0 < in_columns < total < len(DAYS)

    # Into the columnstore and beside it, new samples and duplicates.
    late = [(ts + timedelta(seconds=9), *rest) for ts, *rest in history(range(0, 31, 3))]
    store(side.connection, [*late, *history(day for day in DAYS if day < 31)])
    run_job(side.connection, "refresh_metrics")
    after = kept(side)
    for relation in LEVELS:
        counted = [sum(row[2] for row in rows[relation]) for rows in (rollups, after)]
        assert counted[1] == counted[0] + len(late), relation
    answers = asyncio.run(side.answers(NOW))
    run_job(side.connection, "compress_chunks")
    assert asyncio.run(side.answers(NOW)) == answers
    assert kept(side) == after


def test_what_is_not_materialized_stays() -> None:
    """Wherever the watermark of ingest is: what is dropped before could never be materialized."""
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(url, NOW)
        connection.execute("insert into agents (user_id, agent_id) values ('u', 'a'), ('u', 'b')")
        store(connection, history([1, 40, 41, 43, 45]))
        refresh(connection, NOW - 50 * DAY, NOW - 42 * DAY)
        settings = database_settings(url)
        sums = connection.execute("select sum(samples) from agent_metrics_1d").fetchone()
        for materialized, kept_chunks, removed in ((False, 3, 1), (True, 0, 3)):
            if materialized:
                # Not what is dropped: the job does not go there either.
                refresh(connection, NOW - 44 * DAY, NOW)
            done = {one.task: one for one in maintain(settings, IngestSettings(), dry_run=False)}
            outcome = done["agent_samples"]
            assert outcome.removed == removed
            assert (f"kept ({kept_chunks})" in (outcome.failure or "")) is (kept_chunks > 0)
            assert (
                connection.execute("select sum(samples) from agent_metrics_1d").fetchone() == sums
            )
