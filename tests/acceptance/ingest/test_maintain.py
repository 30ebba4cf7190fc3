"""`fleetgauge maintain` as a process: what it removes, what it says, how it ends."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ingest.upkeep import LOCK_KEY
from sql.queries import query
from tests.rows import Row, insert
from tests.stack import Stack, Topics, environment, free_port

DAY = timedelta(days=1)


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

    rehearsed = maintain(variables, "--dry-run", "--json")
    assert rehearsed.returncode == 0
    told = {one["task"]: one["removed"] for one in json.loads(rehearsed.stdout)}
    assert (told["agent_samples"], told["agent_metrics_5m"]) == (3, 1)
    assert counts(database) == (4, 0)

    done = maintain(variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == ["agent_samples", "3", "removed"]
    assert counts(database) == (1, 6)


def test_a_task_that_fails_is_told(variables: dict[str, str], database: str) -> None:
    insert(database, [Row("alice/a", datetime.now(UTC) - n * DAY) for n in (40, 0)])
    with psycopg.connect(database) as reader:
        reader.execute("select from agent_samples")
        for words in ((), ("--dry-run",)):
            done = maintain(variables, *words)
            assert done.returncode == 1
            line = done.stdout.splitlines()[0]
            assert "failed: canceling statement due to lock timeout" in line
            assert len(done.stdout.splitlines()) == 6


def test_another_one_at_it_is_told(variables: dict[str, str], database: str) -> None:
    with psycopg.connect(database) as other:
        other.execute(query("try_upkeep_lock"), {"key": LOCK_KEY})
        done = maintain(variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("fleetgauge: another session does upkeep at this moment")


def test_a_database_that_is_not_migrated_is_told(
    empty_database: str, stack: Stack, topics: Topics
) -> None:
    done = maintain(environment(empty_database, stack, topics))
    assert done.returncode == 1
    assert "run 'fleetgauge migrate'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_told(stack: Stack, topics: Topics) -> None:
    nowhere = f"postgresql://someone:a-password@127.0.0.1:{free_port()}/fleetgauge"
    done = maintain(environment(nowhere, stack, topics))
    assert done.returncode == 1
    assert done.stderr.startswith("fleetgauge: no upkeep: connection failed")
    assert "a-password" not in done.stderr
    assert "Traceback" not in done.stderr
