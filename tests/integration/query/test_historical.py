"""Samples in, a range asked at NOW (2026-03-10 14:35 UTC), points out."""

from typing import Any

import pytest

from tests.support.rows import Row, insert, sample
from tests.support.service import application, bearer, serving, token

FIRST_FIELDS = ("timestamp", "cpu", "memory", "messages", "errors")
Answer = tuple[list[dict[str, Any]], tuple[float, float, float, float]]


def point(timestamp: str, cpu: float, memory: float, messages: int, errors: int) -> dict[str, Any]:
    return {
        "timestamp": timestamp,
        "cpu": cpu,
        "memory": memory,
        "messages": messages,
        "errors": errors,
    }


# id: rows, range, (points, averages of cpu, memory, messages, errors)
CASES: dict[str, tuple[list[Row], str, Answer]] = {
    "nothing": ([], "24h", ([], (0.0, 0.0, 0.0, 0.0))),
    "the current hour": (
        [sample("alice/a", "2026-03-10T14:00Z", cpu=12.3, memory=45.6, messages=7, errors=1)],
        "24h",
        ([point("2026-03-10T14:00:00Z", 12.3, 45.6, 7, 1)], (12.3, 45.6, 7.0, 1.0)),
    ),
    "24h holds the 23 hours before and no more": (
        [
            sample("alice/a", "2026-03-09T14:59:59.999999Z", cpu=90, messages=900),
            sample("alice/a", "2026-03-09T15:00Z", cpu=10, messages=3),
            sample("alice/a", "2026-03-10T14:59Z", cpu=20, messages=4),
            sample("alice/a", "2026-03-10T15:00Z", cpu=90, messages=900),
        ],
        "24h",
        (
            [
                point("2026-03-09T15:00:00Z", 10.0, 0.0, 3, 0),
                point("2026-03-10T14:00:00Z", 20.0, 0.0, 4, 0),
            ],
            (15.0, 0.0, 3.5, 0.0),
        ),
    ),
    "means weigh samples, counts weigh points": (
        [
            sample("alice/a", "2026-03-10T13:00Z", cpu=10, memory=10, messages=1, errors=1),
            sample("alice/a", "2026-03-10T13:01Z", cpu=10, memory=10, messages=1, errors=1),
            sample("alice/b", "2026-03-10T13:01Z", cpu=10, memory=10, messages=1, errors=1),
            sample("alice/b", "2026-03-10T14:01Z", cpu=50, memory=70, messages=7, errors=0),
        ],
        "24h",
        (
            [
                point("2026-03-10T13:00:00Z", 10.0, 10.0, 3, 3),
                point("2026-03-10T14:00:00Z", 50.0, 70.0, 7, 0),
            ],
            (20.0, 25.0, 5.0, 1.5),
        ),
    ),
    "means are over the samples that have the figure": (
        [
            sample("alice/a", "2026-03-10T13:00Z", cpu=None, memory=10),
            sample("alice/a", "2026-03-10T13:01Z", cpu=30, memory=20),
            sample("alice/a", "2026-03-10T14:01Z", cpu=None, memory=None, messages=2),
        ],
        "24h",
        (
            [
                point("2026-03-10T13:00:00Z", 30.0, 15.0, 0, 0),
                point("2026-03-10T14:00:00Z", 0.0, 0.0, 2, 0),
            ],
            (30.0, 15.0, 1.0, 0.0),
        ),
    ),
    "two decimals": (
        [
            sample("alice/a", "2026-03-10T14:00Z", cpu=1, messages=1),
            sample("alice/a", "2026-03-10T14:01Z", cpu=1),
            sample("alice/a", "2026-03-10T14:02Z", cpu=2),
            sample("alice/a", "2026-03-10T13:02Z", messages=1),
            sample("alice/a", "2026-03-10T12:02Z"),
        ],
        "24h",
        (
            [
                point("2026-03-10T12:00:00Z", 0.0, 0.0, 0, 0),
                point("2026-03-10T13:00:00Z", 0.0, 0.0, 1, 0),
                point("2026-03-10T14:00:00Z", 1.33, 0.0, 1, 0),
            ],
            (0.8, 0.0, 0.67, 0.0),
        ),
    ),
    "7d has six-hour points, 27 before the current one": (
        [
            sample("alice/a", "2026-03-03T17:59Z", messages=900),
            sample("alice/a", "2026-03-03T18:00Z", messages=1),
            sample("alice/a", "2026-03-10T11:59Z", messages=2),
            sample("alice/a", "2026-03-10T12:00Z", messages=3),
            sample("alice/a", "2026-03-10T17:59Z", messages=4),
            sample("alice/a", "2026-03-10T18:00Z", messages=900),
        ],
        "7d",
        (
            [
                point("2026-03-03T18:00:00Z", 0.0, 0.0, 1, 0),
                point("2026-03-10T06:00:00Z", 0.0, 0.0, 2, 0),
                point("2026-03-10T12:00:00Z", 0.0, 0.0, 7, 0),
            ],
            (0.0, 0.0, 3.33, 0.0),
        ),
    ),
    "30d has UTC days, 29 before today": (
        [
            sample("alice/a", "2026-02-08T23:59Z", messages=900),
            sample("alice/a", "2026-02-09T01:00+01:00", messages=1),
            sample("alice/a", "2026-03-10T00:30+01:00", messages=2),
            sample("alice/a", "2026-03-10T00:00Z", messages=4),
            sample("alice/a", "2026-03-10T23:59Z", messages=8),
            sample("alice/a", "2026-03-11T00:00Z", messages=900),
        ],
        "30d",
        (
            [
                point("2026-02-09T00:00:00Z", 0.0, 0.0, 1, 0),
                point("2026-03-09T00:00:00Z", 0.0, 0.0, 2, 0),
                point("2026-03-10T00:00:00Z", 0.0, 0.0, 12, 0),
            ],
            (0.0, 0.0, 5.0, 0.0),
        ),
    ),
    "others' samples stay theirs": (
        [
            sample("bob/a", "2026-03-10T14:00Z", cpu=90, messages=900),
            sample("Alice/a", "2026-03-10T14:00Z", cpu=90, messages=900),
            sample("alice./a", "2026-03-10T14:00Z", cpu=90, messages=900),
            sample("alice/a", "2026-03-10T14:00Z", cpu=5, messages=5),
        ],
        "24h",
        ([point("2026-03-10T14:00:00Z", 5.0, 0.0, 5, 0)], (5.0, 0.0, 5.0, 0.0)),
    ),
    "sums past 32 bits": (
        [sample("alice/a", f"2026-03-10T14:0{i}Z", messages=1_000_000_000) for i in range(5)],
        "30d",
        (
            [point("2026-03-10T00:00:00Z", 0.0, 0.0, 5_000_000_000, 0)],
            (0.0, 0.0, 5_000_000_000.0, 0.0),
        ),
    ),
}


@pytest.mark.parametrize(("rows", "time_range", "answer"), CASES.values(), ids=CASES.keys())
async def test_history(database: str, rows: list[Row], time_range: str, answer: Answer) -> None:
    insert(database, rows)
    async with serving(application(database)) as client:
        response = await client.get(
            f"/api/metrics/alice/historical?range={time_range}", headers=bearer(token("alice"))
        )
    points, (cpu, memory, messages, errors) = answer
    assert response.status_code == 200
    found = response.json()
    assert (found["userId"], found["timeRange"]) == ("alice", time_range)
    assert [{name: one[name] for name in FIRST_FIELDS} for one in found["metrics"]] == points
    averages = {"cpu": cpu, "memory": memory, "messages": messages, "errors": errors}
    assert found["averages"] == averages


async def test_a_full_range_has_as_many_points_as_the_contract_says(database: str) -> None:
    hours = [f"2026-03-{day:02}T{hour:02}:30Z" for day in range(1, 11) for hour in range(24)]
    days = [f"2026-02-{day:02}T12:00Z" for day in range(1, 29)]
    insert(database, [sample("alice/a", ts) for ts in [*days, *hours]])
    async with serving(application(database)) as client:
        counts = {
            name: len(
                (
                    await client.get(
                        f"/api/metrics/alice/historical?range={name}",
                        headers=bearer(token("alice")),
                    )
                ).json()["metrics"]
            )
            for name in ("24h", "7d", "30d")
        }
    assert counts == {"24h": 24, "7d": 28, "30d": 30}


@pytest.mark.parametrize(
    "asked",
    ["1y", "", "24H", "24h ", "7d&range=7d", "24h&range=1y", "%00", "24h'--", "24h,7d"],
)
async def test_an_unknown_or_repeated_range_is_refused(database: str, asked: str) -> None:
    async with serving(application(database)) as client:
        response = await client.get(
            f"/api/metrics/alice/historical?range={asked}", headers=bearer(token("alice"))
        )
    assert response.status_code == 400
    assert response.json() == {"error": "range takes one of 24h, 7d and 30d, once."}


async def test_24h_is_the_default(database: str) -> None:
    async with serving(application(database)) as client:
        response = await client.get("/api/metrics/alice/historical", headers=bearer(token("alice")))
    assert response.json()["timeRange"] == "24h"
