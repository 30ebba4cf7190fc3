"""What `/readyz` says of upkeep: overdue is told, and takes no process out of service."""

from datetime import timedelta

import psycopg
import pytest

from sql.queries import query
from tests.service import NOW, application, serving

HOUR = timedelta(hours=1)
TASKS = (
    *("agent_metrics_1h", "agent_metrics_5m", "agent_samples"),
    *("platform_heartbeats", "refresh", "skill_changes"),
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


@pytest.mark.edition("apache")
async def test_what_was_never_done_is_told(database: str) -> None:
    never = ", ".join(f"{task} (never done)" for task in TASKS)
    assert await warnings(database) == [f"Overdue: {never}. `fleetgauge doctor` tells more."]


# How long ago it went well, how long ago it failed, and what is said of it.
CASES = [
    (timedelta(0), None, None),
    (3 * HOUR, None, None),
    (3 * HOUR, timedelta(0), None),
    (3 * HOUR + timedelta(seconds=1), None, "last done 2026-03-10T11:34:59Z"),
    (5 * HOUR, timedelta(0), "last done 2026-03-10T09:35:00Z"),
    (None, timedelta(0), "never done"),
]


@pytest.mark.parametrize(("well", "failed", "said"), CASES)
async def test_what_is_overdue_is_told(
    database: str, well: timedelta | None, failed: timedelta | None, said: str | None
) -> None:
    for task in TASKS[1:]:
        note(database, task, timedelta(0))
    if well is not None:
        note(database, TASKS[0], well)
    if failed is not None:
        note(database, TASKS[0], failed, "canceling statement due to lock timeout")
    expected = f"Overdue: {TASKS[0]} ({said}). `fleetgauge doctor` tells more."
    assert await warnings(database) == ([] if said is None else [expected])


REFRESHES = [
    (timedelta(minutes=10), []),
    (
        timedelta(minutes=10, seconds=1),
        ["Overdue: refresh (last done 2026-03-10T14:24:59Z). `fleetgauge doctor` tells more."],
    ),
]


@pytest.mark.parametrize(("ago", "told"), REFRESHES)
async def test_a_refresh_is_overdue_after_ten_minutes(
    database: str, ago: timedelta, told: list[str]
) -> None:
    for task in TASKS:
        note(database, task, timedelta(0))
    with psycopg.connect(database) as connection:
        connection.execute("delete from upkeep where task = 'refresh'")
    note(database, "refresh", ago, every=timedelta(seconds=30))
    assert await warnings(database) == told


async def test_sums_that_differ_are_told(database: str) -> None:
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
