"""Every named query is understood by the community edition, and runs."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from ingest.writing.aggregates import hours_of, late_values
from ingest.writing.binarycopy import HEADER, TRAILER
from sql.named import queries, query
from tests.support.storing import frame_of

NOW: Final = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
TIMES: Final = dict.fromkeys(
    (
        *("now", "start", "stop", "before", "month", "last_month", "partner", "recent", "week"),
        *("minute", "minutes_start", "minutes_midnight", "range_start", "range_end", "ts"),
        *("last_record_ts", "bucket", "seen_at", "confirmed_at"),
        *("after_ts", "starts", "hours_from", "hours_upto"),
    ),
    NOW,
)
# By a parameter's name; where the query asks for an array, one with this in it.
VALUES: Final[dict[str, Any]] = {
    **TIMES,
    "today": NOW,
    "date": date(2026, 3, 10),
    "day": date(2026, 3, 10),
    "is_oldest": True,
    "is_settled": True,
    "levels": ["agent_metrics_1h"],
    "width": timedelta(hours=1),
    "edges": [NOW, NOW + timedelta(hours=1)],
    "limit": 10,
    "most": 10,
    "after_place": 0,
    "sign": 1,
    "ids": 1,
    "seen": [1],
    "states": ["active"],
    "window": "15m",
    "sort": "cpu",
    "cuts": [NOW],
    "fine": [NOW],
    "every": timedelta(hours=1),
    "status": "succeeded",
    "segment": "casual",
    "active": True,
    "topic_id": UUID(int=1),
    "currency": "USD",
    "relation": "agent_samples",
    "failure": None,
    "waiting_pid": 0,
}
NUMBERS: Final = re.compile(
    r"(key|amount|count|days|epoch|offset|log_start|crc|partition|removed|shard|buckets_of_today"
    r"|samples|messages|errors|late_id|took_|within_|patience_|timeout_)s?$"
    r"|^bucket_"
)
SAMPLES: Final = frame_of([(NOW, 1, 1.5, None, 1, 0, None)])
# Where a name stands for something else.
OTHER: Final[dict[str, dict[str, Any]]] = {
    "drop_chunk": {"range_start": NOW - timedelta(days=1)},
    "set_session": {"names": ["work_mem"], "settings": ["4MB"]},
    "add_to_platform": {**hours_of(SAMPLES), "shard": 0},
    "add_late_samples": late_values(SAMPLES),
    "hold_watermark": {"oldest": [NOW]},
    "list_agents": {"sort": "cpu", "sign": 1, "ids": 1, "most": 1, "limit": 1, "seen": [1]},
    "list_users": {"sort": "cpu", "sign": 1, "ids": 1, "limit": 1, "seen": [1]},
    "store_booking": {"status": ["pending"]},
    "store_status": {"status": ["running"]},
    "store_status_event": {"status": ["running"]},
}
# These fill or read a table that the other one creates.
AFTER: Final = dict.fromkeys(
    ("insert_resent_samples", "copy_resent_samples"), "create_resent_samples"
)
# Rollups are tables on the Apache edition alone; and a refresh runs in no transaction, which
# test_conservation and test_rollups show.
ELSEWHERE: Final = re.compile("(clear|fill|refresh)_agent_metrics_|refresh_samples")
NAMES: Final = sorted(name for name in queries() if not ELSEWHERE.match(name))


def parameters(text: str) -> dict[str, Any]:
    """A value for each parameter of a query, of the type that its name implies."""
    values = {}
    for name, cast in re.findall(r"%\((\w+)\)s(?:::(\w+(?:\[\])?))?", text):
        value = VALUES.get(
            name, VALUES.get(name.removesuffix("s"), 1 if NUMBERS.search(name) else "u")
        )
        is_array = cast.endswith("[]") and not isinstance(value, list)
        values[name] = [value] if is_array else value
    return values


@pytest.mark.parametrize("name", NAMES)
def test_it_runs(community: str, name: str) -> None:
    text = query(name).decode()
    with psycopg.connect(community) as connection:
        if name in AFTER:
            connection.execute(query(AFTER[name]))
        if re.search(r"^copy", text, re.MULTILINE):
            with connection.cursor() as cursor, cursor.copy(query(name)) as rows:
                rows.write(HEADER + TRAILER)
        else:
            # As it is called: a query without parameters is sent as it stands.
            values = {**parameters(text), **OTHER.get(name, {})}
            connection.execute(query(name), values or None)
        connection.rollback()
