"""What `/readyz` reports of upkeep: overdue tasks, which take no process out of service."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import pytest

from sql.named import query
from tests.support.relay import relay
from tests.support.service import NOW, application, serving
from tests.support.stack import free_port

HOUR = timedelta(hours=1)
TASKS = (
    *("agent_metrics_1h", "agent_metrics_5m", "agent_samples", "deployment_events"),
    *("platform_heartbeats", "refresh", "skill_changes", "status_events"),
)


def note(
    database: str, task: str, ago: timedelta, failure: str | None = None, every: timedelta = HOUR
) -> None:
    """A run of the upkeep job, or of the refresh, as it leaves it behind."""
    values = {"task": task, "every": every, "now": NOW - ago, "removed": 0, "failure": failure}
    with psycopg.connect(database) as connection:
        connection.execute(query("note_upkeep"), values)


async def warnings(database: str) -> list[str]:
    """What comes with a 200."""
    async with serving(application(database)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["reasons"]) == ("ok", [])
    found: list[str] = answer.json()["warnings"]
    return found


def overdue(tasks: str) -> list[str]:
    return [f"Upkeep: {tasks} overdue. `fleetgauge doctor` has the details."]


@pytest.mark.edition("apache")
async def test_what_was_never_done_is_overdue(database: str) -> None:
    assert await warnings(database) == overdue(f"{len(TASKS)} tasks are")


# How long ago it went well, how long ago it failed, and whether it is overdue.
CASES = [
    (timedelta(0), None, False),
    (3 * HOUR, None, False),
    (3 * HOUR, timedelta(0), False),
    (3 * HOUR + timedelta(seconds=1), None, True),
    (5 * HOUR, timedelta(0), True),
    (None, timedelta(0), True),
]


@pytest.mark.parametrize(("well", "failed", "is_overdue"), CASES)
async def test_a_task_is_overdue_after_three_intervals(
    database: str, well: timedelta | None, failed: timedelta | None, is_overdue: bool
) -> None:
    for task in TASKS[1:]:
        note(database, task, timedelta(0))
    if well is not None:
        note(database, TASKS[0], well)
    if failed is not None:
        note(database, TASKS[0], failed, "canceling statement due to lock timeout")
    assert await warnings(database) == (overdue("1 task is") if is_overdue else [])


@pytest.mark.parametrize(("ago_s", "is_overdue"), [(600, False), (601, True)])
async def test_a_refresh_is_overdue_after_ten_minutes(
    database: str, ago_s: int, is_overdue: bool
) -> None:
    for task in TASKS:
        note(database, task, timedelta(0))
    with psycopg.connect(database) as connection:
        connection.execute("delete from upkeep where task = 'refresh'")
    note(database, "refresh", timedelta(seconds=ago_s), every=timedelta(seconds=30))
    assert await warnings(database) == (overdue("1 task is") if is_overdue else [])


async def test_a_database_that_goes_away_is_reported_by_the_next_answer(
    database: str,
) -> None:
    parts = urlsplit(database)
    port = free_port()
    away = database.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")
    async with serving(application(away)) as client:
        with relay(port, (parts.hostname or "", parts.port or 0)):
            assert (await client.get("/readyz")).status_code == 200
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {
            "status": "unavailable",
            "reasons": ["The database cannot be reached."],
            "warnings": [],
        },
    )


async def test_an_answer_names_nothing_of_the_inside(database: str, empty_database: str) -> None:
    for url in (database, empty_database):
        with psycopg.connect(url) as connection:
            found = connection.execute(
                "select relname from pg_class where relnamespace = 'public'::regnamespace"
            )
            relations = {name for (name,) in found.fetchall()}
        async with serving(application(url)) as client:
            text = (await client.get("/readyz")).text
        assert not {name for name in relations if name in text}
        assert not re.search(r"[0-9]{4}_|_", text), text


async def test_sums_that_differ_are_reported(database: str) -> None:
    for task in TASKS:
        note(database, task, timedelta(0))
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into conservation_differences "
            "select level, bucket, 1, 1, 1, 2, 2, 2, now(), 0, true, now(), confirmed_at "
            "from (values"
            " ('agent_metrics_5m', '2026-03-10T14:00Z'::timestamptz, now()),"
            " ('agent_metrics_5m', '2026-03-10T13:00Z', now()),"
            " ('agent_metrics_1h', '2026-03-10T14:00Z', null),"
            " ('agent_metrics_1d', '2026-03-10T00:00Z', now())"
            ") as found (level, bucket, confirmed_at)"
        )
    assert await warnings(database) == [
        "Sums differ from the platform's: days of the daily figures (1), hours of the 5-minute "
        "figures (2). `fleetgauge doctor` names the command that repairs them."
    ]
