"""Any span, step and time zone, of one user, one agent and the platform, asked at NOW."""

from itertools import product
from typing import Any

import psycopg
import pytest

from query.errors import PARAMETER_HELP
from query.platform_history import WHOLE_HOURS
from sql.named import query
from tests.support.rows import insert, refresh, sample, set_watermark
from tests.support.service import NOW, application, bearer, serving, token

OPS = bearer(token("ops", "platform"))
ROWS = [
    sample("alice/a", "2026-03-10T14:00Z", cpu=10, memory=20, messages=8, errors=1, response_ms=50),
    sample("alice/a", "2026-03-10T14:20Z", cpu=30, memory=40, messages=2, errors=1),
    sample("alice/b", "2026-03-10T13:05Z", cpu=50, memory=None, messages=0, errors=1),
    sample("alice/b", "2026-03-10T14:01Z", cpu=40, memory=30, messages=0),
    sample("bob/a", "2026-03-10T14:02Z", cpu=90, memory=90, messages=7),
]
# Path below /api/metrics: messages and agents of each point.
ROUTES = {
    "alice/historical": [(0, 1), (10, 2)],
    "alice/agents/a/historical": [(10, 1)],
    "alice/agents/b/historical": [(0, 1), (0, 1)],
    "historical": [(0, 1), (17, 3)],
}
DAY = "from=2026-03-10T00:00:00Z"


async def ask(database: str, path: str) -> Any:
    """What the service says to `path` below /api/metrics."""
    async with serving(application(database)) as client:
        return await client.get(f"/api/metrics/{path}", headers=OPS)


async def test_a_custom_span_says_what_was_used(database: str) -> None:
    insert(database, ROWS)
    asked = "from=2026-03-10T13:07:00Z&tz=Europe/Berlin&step=1h"
    answer = (await ask(database, f"alice/historical?{asked}")).json()
    assert answer["metrics"] == [
        {
            "timestamp": "2026-03-10T13:00:00Z",
            "cpu": 50.0,
            "memory": 0.0,
            "messages": 0,
            "errors": 1,
            "responseTime": 0.0,
            "errorRate": 100.0,
            "cpuMax": 50.0,
            "memoryMax": 0.0,
            "agents": 1,
        },
        {
            "timestamp": "2026-03-10T14:00:00Z",
            "cpu": 26.67,
            "memory": 30.0,
            "messages": 10,
            "errors": 2,
            "responseTime": 50.0,
            "errorRate": 20.0,
            "cpuMax": 40.0,
            "memoryMax": 40.0,
            "agents": 2,
        },
    ]
    assert {name: answer[name] for name in ("timeRange", "from", "to", "step", "tz")} == {
        "timeRange": "custom",
        "from": "2026-03-10T13:00:00Z",
        "to": "2026-03-10T15:00:00Z",
        "step": "1h",
        "tz": "Europe/Berlin",
    }


@pytest.mark.parametrize("is_refreshed", [False, True])
async def test_ranges_and_spans_that_coincide_are_equal(database: str, is_refreshed: bool) -> None:
    set_watermark(database)
    insert(database, ROWS)
    if is_refreshed:
        refresh(database, NOW)
    for route, expected in ROUTES.items():
        answer = (await ask(database, f"{route}?range=24h")).json()
        points = [(point["messages"], point["agents"]) for point in answer["metrics"]]
        assert points == expected, route
        for time_range, start in (("24h", "09T15"), ("7d", "03T18")):
            answer = (await ask(database, f"{route}?range={time_range}")).json()
            span = f"from=2026-03-{start}:00:00Z&step={answer['step']}"
            custom = (await ask(database, f"{route}?{span}")).json()
            assert {**custom, "timeRange": time_range} == answer, route


async def test_both_ends_are_widened_to_whole_steps(database: str) -> None:
    insert(database, ROWS)
    asked = "from=2026-03-09T01:00:00%2B02:00&to=2026-03-09T23:00:01Z&step=6h&tz=Europe/Berlin"
    for route in ROUTES:
        answer = (await ask(database, f"{route}?{asked}")).json()
        assert (answer["from"], answer["to"]) == ("2026-03-08T23:00:00Z", "2026-03-10T05:00:00Z")


async def test_the_finest_steps(database: str) -> None:
    insert(database, ROWS)
    for step, starts in (("5m", ["14:00", "14:20"]), ("15m", ["14:00", "14:15"])):
        answer = (await ask(database, f"alice/agents/a/historical?{DAY}&step={step}")).json()
        found = [point["timestamp"][11:16] for point in answer["metrics"]]
        assert (found, answer["step"]) == (starts, step)


REFUSED = [
    ("from=x", PARAMETER_HELP["from"]),
    ("from=2026-03-10T13:00:00+01:00", PARAMETER_HELP["from"]),
    (f"{DAY}&to=2026-03-10", PARAMETER_HELP["to"]),
    (f"{DAY}&step=2h", PARAMETER_HELP["step"]),
    (f"{DAY}&step=", PARAMETER_HELP["step"]),
    (f"{DAY}&step=null", PARAMETER_HELP["step"]),
    ("range=Null", PARAMETER_HELP["range"]),
    ("from=null", PARAMETER_HELP["from"]),
    (f"{DAY}&tz=null", PARAMETER_HELP["tz"]),
    (f"{DAY}&step=1h&step=1h", PARAMETER_HELP["step"]),
    (f"{DAY}&tz=Mars/Base", PARAMETER_HELP["tz"]),
    (f"{DAY}&tz=", PARAMETER_HELP["tz"]),
    (f"{DAY}&tz=UTC&tz=UTC", PARAMETER_HELP["tz"]),
    (f"{DAY}&{DAY}", PARAMETER_HELP["from"]),
    (
        f"{DAY}&range=24h",
        "range cannot be combined with from, to, step or tz.",
    ),
    (
        f"{DAY}&zone=UTC",
        "zone is unknown: the query parameters of this path: range, from, to, step, tz.",
    ),
    ("range=1h", "range takes one of 24h, 7d and 30d, once."),
]


async def test_what_is_refused(empty_database: str) -> None:
    """Before the database is asked."""
    async with serving(application(empty_database)) as client:
        for route, (asked, sentence) in product(ROUTES, REFUSED):
            if route == "historical" and sentence == PARAMETER_HELP["step"]:
                sentence = PARAMETER_HELP["hourStep"]
            response = await client.get(f"/api/metrics/{route}?{asked}", headers=OPS)
            assert response.json() == {"error": sentence}, (route, asked)
            assert response.status_code == 400


async def test_the_platform_has_hours_of_utc(database: str) -> None:
    insert(database, ROWS)
    for step in ("5m", "15m"):
        response = await ask(database, f"historical?{DAY}&step={step}")
        assert (response.status_code, response.json()) == (
            400,
            {"error": PARAMETER_HELP["hourStep"]},
        )
    for zone in ("Asia/Kolkata", "Asia/Kathmandu", "Australia/Adelaide"):
        response = await ask(database, f"historical?{DAY}&tz={zone}")
        assert (response.status_code, response.json()) == (400, {"error": WHOLE_HOURS})
    # In summer it is 11 hours ahead.
    answer = (await ask(database, f"historical?{DAY}&step=1d&tz=Australia/Lord_Howe")).json()
    assert [point["timestamp"] for point in answer["metrics"]] == ["2026-03-10T13:00:00Z"]
    assert answer["metrics"][0]["agents"] == 3


async def test_an_agent_that_the_user_has_not_is_404(database: str) -> None:
    insert(database, [sample("alice/a", "2020-03-10T14:00Z"), sample("bob/b", "2026-03-10T14:00Z")])
    statuses = [
        (await ask(database, f"alice/agents/{agent}/historical{asked}")).status_code
        for agent in ("a", "b", "c")
        for asked in ("", f"?{DAY}")
    ]
    assert statuses == [200, 200, 404, 404, 404, 404]


async def test_a_step_that_retention_has_dropped_is_refused(database: str) -> None:
    insert(database, ROWS)
    with psycopg.connect(database) as connection:
        for relation, until in (("agent_metrics_5m", "10"), ("agent_metrics_1h", "03")):
            values = {"relation": relation, "range_end": f"2026-03-{until}T00:00Z"}
            connection.execute(query("raise_horizon"), values)
    day = "from=2026-03-09T00:00:00Z&to=2026-03-10T00:00:00Z"
    for route in ("alice/historical", "alice/agents/a/historical"):
        assert (await ask(database, f"{route}?{day}")).json()["step"] == "1h"
        assert (await ask(database, f"{route}?{DAY}")).json()["step"] == "5m"
        refused = await ask(database, f"{route}?{day}&step=5m")
        assert (refused.status_code, refused.json()) == (
            400,
            {
                "error": "step: 5m is no longer kept for this span; the finest step that is "
                "available for it is 1h."
            },
        )
        refused = await ask(database, f"{route}?from=2026-03-02T00:00:00Z&step=1d&tz=Europe/Berlin")
        assert refused.status_code == 400
        assert "step 1d and tz UTC" in refused.json()["error"]
    # The platform's hours are kept.
    assert (await ask(database, f"historical?{day}&step=1h")).status_code == 200
