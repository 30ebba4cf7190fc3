"""Samples in, performance asked at NOW (2026-03-10 14:35 UTC)."""

import pytest

from tests.support.rows import Row, insert, sample
from tests.support.service import application, bearer, serving, token

# id: rows, (cpu, memory, errorRate, responseTime, status, asOf)
CASES: dict[str, tuple[list[Row], tuple[float, float, float, float, str, str]]] = {
    "nothing": ([], (0.0, 0.0, 0.0, 0.0, "no_data", "1970-01-01T00:00:00Z")),
    "one sample": (
        [
            sample(
                "alice/a",
                "2026-03-10T14:34:59.5Z",
                cpu=12.3,
                memory=40,
                messages=8,
                errors=1,
                response_ms=99.5,
            )
        ],
        (12.3, 40.0, 12.5, 99.5, "ok", "2026-03-10T14:34:59.500000Z"),
    ),
    "each agent's newest counts once": (
        [
            sample("alice/a", "2026-03-10T14:31Z", cpu=90),
            sample("alice/a", "2026-03-10T14:32Z", cpu=90),
            sample("alice/a", "2026-03-10T14:33Z", cpu=10, memory=30),
            sample("alice/b", "2026-03-10T14:34Z", cpu=30, memory=50),
        ],
        (20.0, 40.0, 0.0, 0.0, "ok", "2026-03-10T14:34:00Z"),
    ),
    "an agent that does not know its CPU is left out of the mean": (
        [
            sample("alice/a", "2026-03-10T14:34Z", cpu=None, memory=20),
            sample("alice/b", "2026-03-10T14:34Z", cpu=30, memory=40),
        ],
        (30.0, 30.0, 0.0, 0.0, "ok", "2026-03-10T14:34:00Z"),
    ),
    "no agent knows": (
        [sample("alice/a", "2026-03-10T14:34Z", cpu=None, memory=None)],
        (0.0, 0.0, 0.0, 0.0, "ok", "2026-03-10T14:34:00Z"),
    ),
    "an agent silent for 5 minutes is left out": (
        [
            sample("alice/a", "2026-03-10T14:30Z", cpu=90, memory=90),
            sample("alice/b", "2026-03-10T14:30:00.000001Z", cpu=30, memory=50),
        ],
        (30.0, 50.0, 0.0, 0.0, "ok", "2026-03-10T14:30:00.000001Z"),
    ),
    "15 minutes, the start left out and now taken in": (
        [
            sample("alice/a", "2026-03-10T14:20Z", messages=900, errors=900, response_ms=900),
            sample("alice/a", "2026-03-10T14:20:00.000001Z", messages=3, errors=1, response_ms=10),
            sample("alice/a", "2026-03-10T14:35Z", messages=1, errors=0, response_ms=50),
        ],
        (0.0, 0.0, 25.0, 20.0, "ok", "2026-03-10T14:35:00Z"),
    ),
    "a clock ahead: alive, and its counts wait": (
        [sample("alice/a", "2026-03-10T14:39Z", cpu=10, memory=20, messages=5, errors=5)],
        (10.0, 20.0, 0.0, 0.0, "ok", "2026-03-10T14:39:00Z"),
    ),
    "response time weighs messages that have it": (
        [
            sample("alice/a", "2026-03-10T14:33Z", messages=30, response_ms=10),
            sample("alice/a", "2026-03-10T14:34Z", messages=10, response_ms=50),
            sample("alice/b", "2026-03-10T14:34Z", messages=1_000),
        ],
        (0.0, 0.0, 0.0, 20.0, "ok", "2026-03-10T14:34:00Z"),
    ),
    "errors without messages": (
        [sample("alice/a", "2026-03-10T14:34Z", errors=1)],
        (0.0, 0.0, 100.0, 0.0, "ok", "2026-03-10T14:34:00Z"),
    ),
    "more errors than messages": (
        [sample("alice/a", "2026-03-10T14:34Z", messages=1, errors=3)],
        (0.0, 0.0, 100.0, 0.0, "ok", "2026-03-10T14:34:00Z"),
    ),
    "stale: zeros, and the time": (
        [
            sample(
                "alice/a", "2026-03-10T14:30Z", cpu=9, memory=9, messages=9, errors=9, response_ms=9
            )
        ],
        (0.0, 0.0, 0.0, 0.0, "stale", "2026-03-10T14:30:00Z"),
    ),
    "others' samples stay theirs": (
        [
            sample("bob/a", "2026-03-10T14:34Z", cpu=90, messages=9, errors=9, response_ms=9),
            sample("Alice/a", "2026-03-10T14:34Z", cpu=90, messages=9, errors=9, response_ms=9),
        ],
        (0.0, 0.0, 0.0, 0.0, "no_data", "1970-01-01T00:00:00Z"),
    ),
}


@pytest.mark.parametrize(("rows", "answer"), CASES.values(), ids=CASES.keys())
async def test_performance(
    database: str, rows: list[Row], answer: tuple[float, float, float, float, str, str]
) -> None:
    insert(database, rows)
    async with serving(application(database)) as client:
        response = await client.get(
            "/api/metrics/alice/performance", headers=bearer(token("alice"))
        )
    names = ("cpu", "memory", "errorRate", "responseTime", "status", "asOf")
    assert response.status_code == 200
    assert response.json() == dict(zip(names, answer, strict=True))
