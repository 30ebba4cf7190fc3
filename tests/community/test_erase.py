"""Erasing an agent where the rollups are continuous aggregates, in rows and in the columnstore."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from ingest.admin.erase import Erased, Subject, count, erase
from tests.community.jobs import pause_jobs, run_job
from tests.community.samples import refresh, store
from tests.community.server import community_database
from tests.support.rollups import LEVELS
from tests.support.rows import set_watermark
from tests.support.stack import database_settings

NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
DAY = timedelta(days=1)
SUMS = "select sum(samples), sum(messages), sum(errors) from "


def sums(connection: psycopg.Connection[Any], relation: str, where: str = "true") -> Any:
    return connection.execute(f"{SUMS}{relation} where {where}".encode()).fetchone()


def rows_of(erased: list[Erased]) -> dict[str, int]:
    return {one.relation: one.rows for one in erased}


def test_every_level_and_the_platform_lose_the_agent() -> None:
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(url, NOW)
        for agent in ("a", "b"):
            connection.execute("insert into agents (user_id, agent_id) values ('u', %s)", [agent])
        ages = [DAY * n + timedelta(hours=h) for n in range(45, -1, -3) for h in (5, 0)]
        store(connection, [(NOW - age, key, key, 5, 7, 1, 2.5) for age in ages for key in (1, 2)])
        refresh(connection, NOW - 46 * DAY, NOW - DAY)
        # A chunk whose notes wait for a refresh stays as it is.
        connection.execute("truncate late_buckets")
        run_job(connection, "compress_chunks")
        columns = "select bool_or(is_compressed) from timescaledb_information.chunks"
        assert connection.execute(columns).fetchone() == (True,)
        # Past retention, only the rollups have the data.
        connection.execute(
            "select drop_chunks('agent_samples', older_than => %s::timestamptz)", [NOW - 38 * DAY]
        )
        kept = {level: sums(connection, level, "agent_key = 2") for level in LEVELS}
        settings, erased = database_settings(url), Subject("u", "a")
        expected = rows_of(count(settings, erased))
        assert expected["agent_metrics_5m"] == len(ages)
        assert rows_of(erase(settings, erased))["agent_samples"] == expected["agent_samples"]
        for again in range(2):
            for level in LEVELS:
                assert sums(connection, level) == kept[level], (level, again)
                assert sums(connection, level, "agent_key = 1")[0] is None
            assert sums(connection, "platform_metrics_1h") == kept["agent_metrics_1h"]
            run_job(connection, "refresh_metrics")


def test_late_samples_that_wait_for_their_refresh_are_taken_off_the_platform() -> None:
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(url, NOW)
        for agent in ("a", "b"):
            connection.execute("insert into agents (user_id, agent_id) values ('u', %s)", [agent])
        times = [NOW - DAY * n for n in range(4)]
        store(connection, [(ts, key, key, 5, 7, 1, 2.5) for ts in times for key in (1, 2)])
        refresh(connection, NOW - 5 * DAY, NOW - DAY / 2)
        minute = timedelta(minutes=1)
        store(connection, [(NOW - 2 * DAY - minute, key, 3, 5, 9, 1, 2.5) for key in (1, 2)])
        erase(database_settings(url), Subject("u", "a"))
        counted = "select sum(samples), sum(messages), sum(errors) from platform_metrics_1h"
        stored = "select count(*), sum(messages), sum(errors) from agent_samples"
        assert (
            connection.execute(counted).fetchone()
            == connection.execute(stored).fetchone()
            == (5, 37, 5)
        )
