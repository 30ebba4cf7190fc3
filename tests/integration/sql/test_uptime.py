"""Uptime from marks equals uptime from the samples, whatever order and batches they came in."""

import random
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.rows import class_row

from ingest.retention import WINDOW_DAYS
from query.platform import Totals, moments_of
from sql.queries import query
from tests.rows import agent_keys, copy

BUCKET = timedelta(minutes=5)
DAY = timedelta(days=1)
START = datetime(2026, 2, 20, tzinfo=UTC)
AGENTS = [f"alice/{name}" for name in "abcd"]

Sent = tuple[int, datetime]


def expected(sent: set[Sent], now: datetime) -> tuple[int, int]:
    """Finished buckets since each agent's first sample in 30 UTC days, and those with a sample."""
    stop = now - (now - START) % BUCKET
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - 29 * DAY
    found: dict[int, set[datetime]] = defaultdict(set)
    for key, ts in sent:
        found[key].add(ts - (ts - START) % BUCKET)
    known = sum(max(stop - max(start, min(b)), timedelta()) // BUCKET for b in found.values())
    up = sum(start <= bucket < stop for buckets in found.values() for bucket in buckets)
    return known, up


def told(connection: psycopg.Connection[Any], now: datetime) -> tuple[int, int]:
    parameters = msgspec.structs.asdict(moments_of(now))
    cursor = connection.cursor(row_factory=class_row(Totals))
    (totals,) = cursor.execute(query("platform"), parameters).fetchall()
    return totals.buckets, totals.buckets_up


def batch_of(rng: random.Random, keys: list[int], newest: datetime) -> set[Sent]:
    """Samples of some agents around one moment, up to 31 days behind the newest, some ahead."""
    around = newest - rng.choice([0, 0, 0, 1, 2, 15, 29, 30, 31]) * DAY
    agents = rng.sample(keys, rng.randint(1, len(keys)))
    minutes = [rng.randint(-700, 4) for _ in range(rng.randint(1, 60))]
    return {(rng.choice(agents), around + timedelta(minutes=m, seconds=1)) for m in minutes}


@pytest.mark.parametrize("seed", range(3))
def test_marks_equal_the_samples(database: str, seed: int) -> None:
    rng = random.Random(seed)
    newest, sent = START, set[Sent]()
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        keys = list(agent_keys(connection, AGENTS).values())
        for _ in range(25):
            newest += rng.choice(
                [timedelta(minutes=5), timedelta(hours=7), 2 * DAY, 25 * DAY, 35 * DAY]
            )
            fresh = batch_of(rng, keys, newest) - sent
            copy(connection, [(ts, key, 1, 2, 3, 0, None) for key, ts in sorted(fresh)])
            sent |= fresh
            # Upkeep forgets the marks of who has been silent for longer than any window.
            if rng.random() < 0.5:
                connection.execute(
                    query("delete_old_agent_marks"), {"before": newest - WINDOW_DAYS * DAY}
                )
            # A clock may be ahead, over midnight too; and nobody may have sampled for a month.
            for now in (newest, newest - timedelta(minutes=4), newest + rng.randint(0, 33) * DAY):
                if now >= max(ts for _, ts in sent) - BUCKET:
                    assert told(connection, now) == expected(sent, now), now


def test_stored_samples_are_marked_by_the_migration(database: str) -> None:
    times = [START + timedelta(minutes=7 * i) for i in range(40)]
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        (key,) = agent_keys(connection, AGENTS[:1]).values()
        copy(connection, [(ts, key, 1, 2, 3, 0, None) for ts in times])
        before = told(connection, times[-1])
        connection.execute("truncate agent_marks, agent_uptime")
        connection.execute(
            "select mark_buckets(array_agg(agent_key), array_agg(number)) from (select distinct "
            "agent_key, floor(date_part('epoch', ts) / 300)::integer as number from agent_samples)"
        )
        again = told(connection, times[-1])
    assert again == before == expected({(key, ts) for ts in times}, times[-1])


def test_two_writers_of_one_agent(database: str) -> None:
    times = [START + DAY, START, START + 2 * DAY]
    with (
        psycopg.connect(database, options="-c timezone=UTC") as first,
        psycopg.connect(database) as second,
        ThreadPoolExecutor(1) as thread,
    ):
        (key,) = agent_keys(first, AGENTS[:1]).values()
        first.commit()
        for begun, then in ((times[0], times[1]), (times[0] + BUCKET, times[2])):
            copy(first, [(begun, key, 1, 2, 3, 0, None)])
            waiting = thread.submit(copy, second, [(then, key, 1, 2, 3, 0, None)])
            wait_for_lock(first, second.info.backend_pid)
            first.commit()
            waiting.result(10)
            second.commit()
        now = times[2] + BUCKET
        sent = {(key, ts) for ts in [*times, times[0] + BUCKET]}
        assert told(first, now) == expected(sent, now)


def wait_for_lock(connection: psycopg.Connection[Any], pid: int) -> None:
    for _ in range(1_000):
        row = connection.execute("select pg_blocking_pids(%s)", [pid]).fetchone()
        if row and row[0]:
            return
        time.sleep(0.01)
    raise AssertionError(f"session {pid} waits for nobody")


def test_a_marked_bucket_is_not_written_again(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        (key,) = agent_keys(connection, AGENTS[:1]).values()
        places = []
        for second in range(3):
            copy(connection, [(START + timedelta(seconds=second), key, 1, 2, 3, 0, None)])
            places.append(connection.execute("select ctid, xmax from agent_uptime").fetchall())
    assert places[0] == places[1] == places[2]
