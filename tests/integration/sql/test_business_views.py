"""Views over the business rollups."""

import psycopg
import pytest

from tests.support.stack import migrate

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


def test_older_views_are_recreated(database: str) -> None:
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
