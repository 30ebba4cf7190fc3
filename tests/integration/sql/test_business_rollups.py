"""Business rollups made from rows that were there before, and the views over them."""

from typing import Any

import psycopg
import pytest

from sql.migrate import HERE
from tests import model
from tests.business import answer, events_of, moment, open_writer, store
from tests.stack import migrate

FILES = sorted((HERE / "common" / "migrations").glob("00[01][0-9]_*.sql"))[6:11]
VIEWS = {
    "business_payments": ["payment_id", "amount", "currency"],
    "business_bookings": ["booking_id", "status"],
    "business_fans": ["fan_id", "segment", "first_seen"],
    "business_plays": ["play_id", "listener_id", "plays"],
    "business_skills": ["skill_id", "active"],
    "business_deployments": ["deployment_id", "agent_id", "status"],
    "revenue_daily": ["day", "currency", "amount", "payments"],
    "listening_daily": ["day", "plays", "last_heard"],
}
# What each table holds, in whatever parts.
ROLLUPS = {
    "revenue_days": "user_id, day, currency, amount, payments",
    "revenue_totals": "user_id, currency, amount, payments",
    "booking_counts": "user_id, sum(pending), sum(completed), sum(cancelled)",
    "fan_counts": "user_id, sum(superfans), sum(casual_fans), sum(new_fans)",
    "fan_days": "user_id, day, sum(first_active), sum(last_active)",
    "listeners": "user_id, listener_id, last_day",
    "listening_days": "user_id, day, plays, last_heard",
    "skills": "user_id, skill_id, ts, active",
    "skill_counts": "user_id, sum(known), sum(active)",
}
NOW = moment("2026-03-10T14:35")
FIRST = """
    pay 2026-03-01 100; pay 2026-02-10 70; pay 2019-01-01 30 EUR; pay 2026-03-01T23:59 -20;
    book a 2026-03-01 pending; book b 2026-03-01 pending; book b 2026-03-02 completed;
    fan a 2025-03-01 new; fan a 2026-03-10 superfan; fan b 2026-03-09 casual;
    play a 2026-03-01 3; play a 2026-03-05; play b 2026-01-20; play b 2026-02-20 2;
    skill a 2026-03-01 on; skill a 2026-03-09 off; skill b 2026-03-09 on
"""
MORE = """
    book a 2026-03-05 cancelled; book c 2026-03-05 completed;
    fan b 2026-03-10 new; fan c 2026-01-01 casual; fan a 2020-01-01 casual;
    skill a 2026-03-10 on; skill b 2026-03-01 off; skill c 2026-03-10 on
"""


def sections(file: Any) -> tuple[str, str]:
    """What a migration does, and what undoes it."""
    up, down = file.read_text(encoding="utf-8").split("-- migrate:down")
    return up, down


def kept(url: str) -> dict[str, list[Any]]:
    """Every rollup, its parts added up."""
    with psycopg.connect(url) as connection:
        return {table: _rows(connection, table, what) for table, what in ROLLUPS.items()}


def _rows(connection: psycopg.Connection[Any], table: str, what: str) -> list[Any]:
    keys = ", ".join(column for column in what.split(", ") if "sum(" not in column)
    group = f"group by {keys}" if "sum(" in what else ""
    statement = f"select {what} from {table} {group} order by 1, 2"  # noqa: S608
    return connection.execute(statement.encode()).fetchall()


async def test_rows_that_were_there_before_are_counted(database: str) -> None:
    names = [file.stem[:4] for file in FILES]
    assert names == ["0007", "0008", "0009", "0010", "0011"]
    async with await open_writer(database) as connection:
        await store(connection, [[event] for event in events_of(FIRST, "u")])
        by_trigger = kept(database)
        with psycopg.connect(database) as owner:
            owner.execute("drop view business_skills, revenue_daily, listening_daily")
            for file in reversed(FILES):
                owner.execute(sections(file)[1].encode())
            for file in FILES:
                owner.execute(sections(file)[0].encode())
        assert kept(database) == by_trigger
        assert all(by_trigger.values())
        more = events_of(MORE, "u")
        await store(connection, [more])
        expected = model.summary([*events_of(FIRST, "u"), *more], NOW)
        assert await answer(connection, "u", NOW) == expected


def columns(url: str) -> dict[str, dict[str, str]]:
    """Names and types of each view's columns, in their order."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select table_name::text, column_name::text, data_type::text "
            "from information_schema.columns where table_name = any(%s) order by ordinal_position",
            [list(VIEWS)],
        ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for view, column, data_type in rows:
        found.setdefault(view, {})[column] = data_type
    return found


def test_columns_are_as_the_page_says(database: str) -> None:
    found = columns(database)
    assert {view: list(types) for view, types in found.items()} == {
        view: ["time", "user_id", *names] for view, names in VIEWS.items()
    }
    for types in found.values():
        assert types["time"] == "timestamp with time zone"
        # A numeric one would be a string in a client's JSON.
        assert "numeric" not in types.values()


def test_older_views_are_made_anew(database: str) -> None:
    newest = columns(database)
    with psycopg.connect(database) as connection:
        connection.execute("drop view business_fans, revenue_daily")
        connection.execute("create view business_fans as select ts as gone from fans")
        connection.execute("create view revenue_daily as select 'x' as time")
    migrate(database)
    assert columns(database) == newest


@pytest.mark.parametrize("view", ["revenue_daily", "listening_daily"])
def test_a_day_begins_in_utc(database: str, view: str) -> None:
    with psycopg.connect(database, options="-c timezone=Pacific/Auckland") as connection:
        connection.execute(
            "insert into payments values ('u', 'p', '2026-03-10T00:00Z', 250, 'USD')"
        )
        connection.execute("insert into plays values ('u', 'p', 'l', '2026-03-10T00:00Z', 2)")
        found = connection.execute(
            f"select time = '2026-03-10T00:00Z', day = '2026-03-10' from {view}".encode()  # noqa: S608
        ).fetchall()
    assert found == [(True, True)]
