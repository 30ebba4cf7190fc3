"""The queries that hold aggregates against raw rows find nothing, and see one row that is gone."""

from datetime import timedelta

import psycopg
import pytest

from tests.support.aggregates import DIFFERENCES
from tests.support.business import events_of, moment, open_writer, store
from tests.support.fleet import happen
from tests.support.rows import Row, insert

STORY = """
    pay 2026-03-01 100; pay 2026-03-01 20; pay 2019-01-01 30 EUR;
    book a 2026-03-01 pending; book b 2026-03-01 pending; book b 2026-03-02 completed;
    fan a 2025-03-01 new; fan a 2026-03-10 superfan; fan b 2026-03-10 casual;
    play a 2026-03-01 3; play a 2026-03-05; play b 2026-03-05;
    skill a 2026-03-01 on; skill a 2026-03-09 off; skill b 2026-03-09 on
"""
NAMES = sorted(file.stem for file in DIFFERENCES.glob("*.sql"))
# The tables that a query sees, where they are not the one of its name.
TABLES = {
    "agent_newest": ["agent_latest"],
    "levels": ["rollup_5m", "rollup_1h", "rollup_1d"],
}


@pytest.fixture
async def stored(database: str) -> str:
    """Some of everything, in two batches."""
    start = moment("2026-02-10")
    insert(database, [Row(f"u/{i % 3}", start + i * timedelta(hours=7), 1, 2) for i in range(99)])
    async with await open_writer(database) as connection:
        events = events_of(STORY, "u")
        await store(connection, [events[::2], events[1::2]])
    with psycopg.connect(database) as connection:
        happen(
            connection, "deployment d 10:00 failed; deployment e 10:00 pending; beat 10:00 10:20"
        )
    return database


def test_each_sees_a_row_that_is_gone(stored: str) -> None:
    tables = [(name, table) for name in NAMES for table in TABLES.get(name, [name])]
    with psycopg.connect(stored) as connection:
        for name, table in tables:
            statement = (DIFFERENCES / f"{name}.sql").read_bytes()
            assert connection.execute(statement).fetchall() == [], name
            gone = (
                f"delete from {table} where (tableoid, ctid) = "  # noqa: S608
                f"(select tableoid, ctid from {table} limit 1)"
            )
            assert connection.execute(gone.encode()).rowcount == 1, table
            assert connection.execute(statement).fetchall() != [], table
            connection.rollback()
