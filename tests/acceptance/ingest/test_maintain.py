"""`fleetgauge maintain` as a process: what it removes, what it says, how it ends."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ingest.admin.refresh import LOCK_KEY as REFRESH_KEY
from ingest.admin.topics import create_topics
from ingest.admin.upkeep import LOCK_KEY
from schemas.settings import KafkaSettings
from sql.named import query
from tests.integration.ingest.sessions import blocks
from tests.support.aggregates import check_aggregates
from tests.support.kafka import Put, put
from tests.support.rows import LONG_AGO, Row, insert, refresh, set_watermark
from tests.support.stack import Stack, Topics, environment, free_port

DAY = timedelta(days=1)


@pytest.fixture
def database(database: str) -> str:
    """One in which nothing is aggregated yet."""
    set_watermark(database)
    return database


@pytest.fixture
def variables(database: str, stack: Stack, topics: Topics) -> dict[str, str]:
    return environment(database, stack, topics)


def maintain(variables: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "fleetgauge", "maintain", *words]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def counts(database: str) -> tuple[Any, ...]:
    """Samples there are, and tasks that left something behind."""
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "select (select count(*) from agent_samples), (select count(*) from upkeep)"
        ).fetchone()
    return tuple(row or ())


@pytest.mark.edition("apache")
def test_it_drops_what_is_older_than_its_retention(
    variables: dict[str, str], database: str
) -> None:
    now = datetime.now(UTC)
    insert(database, [Row("alice/a", now - n * DAY) for n in (100, 43, 40, 1)])
    refresh(database, now)

    rehearsed = maintain(variables, "--dry-run", "--json")
    assert rehearsed.returncode == 0
    removed = {one["task"]: one["removed"] for one in json.loads(rehearsed.stdout)}
    assert (removed["agent_samples"], removed["agent_metrics_5m"]) == (3, 1)
    assert counts(database) == (4, 0)

    done = maintain(variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == ["agent_samples", "3", "removed"]
    assert counts(database) == (1, 7)


def test_a_task_that_fails_is_reported(variables: dict[str, str], database: str) -> None:
    now = datetime.now(UTC)
    insert(database, [Row("alice/a", now - n * DAY) for n in (40, 0)])
    refresh(database, now)
    with psycopg.connect(database) as reader:
        reader.execute("select from agent_samples")
        for words in ((), ("--dry-run",)):
            done = maintain(variables, *words)
            assert done.returncode == 1
            line = done.stdout.splitlines()[0]
            assert "failed: canceling statement due to lock timeout" in line
            assert len(done.stdout.splitlines()) == 7


@pytest.mark.parametrize("words", [(), ("--repair",)])
async def test_another_one_at_it_is_awaited(
    variables: dict[str, str], database: str, words: tuple[str, ...]
) -> None:
    async with await psycopg.AsyncConnection.connect(database) as other:
        await other.execute(query("try_upkeep_lock"), {"key": LOCK_KEY})
        maintaining = asyncio.create_task(asyncio.to_thread(maintain, variables, *words))
        await blocks(other)
    done = await maintaining
    assert (done.returncode, done.stderr) == (0, "")


def test_a_database_that_is_not_migrated_is_reported(
    empty_database: str, stack: Stack, topics: Topics
) -> None:
    done = maintain(environment(empty_database, stack, topics))
    assert done.returncode == 1
    assert "run 'fleetgauge migrate'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_reported(stack: Stack, topics: Topics) -> None:
    nowhere = f"postgresql://someone:a-password@127.0.0.1:{free_port()}/fleetgauge"
    done = maintain(environment(nowhere, stack, topics))
    assert done.returncode == 1
    assert done.stderr.startswith("fleetgauge: cannot run upkeep: connection failed")
    assert "a-password" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def made(kafka: KafkaSettings) -> KafkaSettings:
    """The topics, made and empty."""
    assert create_topics(kafka) == 0
    return kafka


@pytest.fixture
def kafka(stack: Stack, topics: Topics) -> KafkaSettings:
    return KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )


def aggregated(database: str) -> tuple[Any, ...]:
    """The watermark, and how often a refresh went well."""
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        row = connection.execute(
            "select watermark, (select count(succeeded_at) from upkeep where task = 'refresh') "
            "from rollup_watermark"
        ).fetchone()
    return tuple(row or ())


FIRST_TEXT = "2000-01-01T00:00:00Z"


def test_a_refresh_aggregates_up_to_the_frontier(
    variables: dict[str, str], database: str, made: KafkaSettings
) -> None:
    began = datetime.now(UTC)
    insert(database, [Row("alice/a", began - n * timedelta(minutes=5)) for n in range(9)])
    rehearsed = maintain(variables, "--refresh", "--dry-run", "--json")
    assert rehearsed.returncode == 0, rehearsed.stderr
    report = json.loads(rehearsed.stdout)
    assert (report["before"], report["after"], report["waits_for"]) == (FIRST_TEXT, None, None)
    assert datetime.fromisoformat(report["frontier"]) > began - timedelta(seconds=15)
    assert aggregated(database) == (LONG_AGO, 0)

    done = maintain(variables, "--refresh", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["before"], report["after"]) == (FIRST_TEXT, report["frontier"])
    assert aggregated(database) == (datetime.fromisoformat(report["after"]), 1)

    (line,) = maintain(variables, "--refresh").stdout.splitlines()
    assert line.startswith("samples are aggregated up to 20")
    assert "; before, up to 20" in line
    check_aggregates(database)


async def test_a_refresh_reports_what_it_waits_for(
    variables: dict[str, str], database: str, stack: Stack, made: KafkaSettings
) -> None:
    await put(stack, made.samples_topic, [Put(b"{}", b"k")])
    waits = f"cannot go further: {made.samples_topic}/0 has records, and none of them is stored yet"
    for words, first in (
        ((), f"samples are aggregated up to {FIRST_TEXT}, as before"),
        (
            ("--dry-run",),
            f"samples are aggregated up to {FIRST_TEXT}; a refresh would aggregate nothing",
        ),
    ):
        done = maintain(variables, "--refresh", *words)
        assert (done.returncode, done.stdout.splitlines()) == (0, [first, waits])


def test_a_refresh_that_another_session_does_is_reported(
    variables: dict[str, str], database: str, made: KafkaSettings
) -> None:
    with psycopg.connect(database) as other:
        other.execute(query("try_upkeep_lock"), {"key": REFRESH_KEY})
        done = maintain(variables, "--refresh")
        rehearsed = maintain(variables, "--refresh", "--dry-run")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "fleetgauge: cannot refresh: another session is refreshing, usually an ingest, which "
        "refreshes every 30 s"
    )
    assert rehearsed.returncode == 0
    assert aggregated(database) == (LONG_AGO, 0)


def test_a_refresh_without_a_part_is_reported(variables: dict[str, str], database: str) -> None:
    nowhere = {
        "FLEETGAUGE_KAFKA_BOOTSTRAP": "no broker answers at",
        "FLEETGAUGE_DATABASE_URL": "connection failed",
    }
    port = free_port()
    for name, words in nowhere.items():
        away = f"127.0.0.1:{port}"
        if name == "FLEETGAUGE_DATABASE_URL":
            away = f"postgresql://someone:a-password@{away}/fleetgauge"
        done = maintain({**variables, name: away}, "--refresh")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"fleetgauge: cannot refresh: {words}")
        assert "Traceback" not in done.stderr
        assert "a-password" not in done.stderr
    assert aggregated(database) == (LONG_AGO, 0)


def test_a_refresh_is_no_repair(variables: dict[str, str]) -> None:
    done = maintain(variables, "--refresh", "--repair")
    assert done.returncode == 2
    assert "name one of them" in done.stderr
