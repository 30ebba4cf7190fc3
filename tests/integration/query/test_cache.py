"""Kept answers over HTTP: one query for many, behind the gate, and never an error."""

import asyncio
from typing import Any

import pytest

from query.database import QueryPool
from tests.support.service import application, bearer, serving, token

ALICE, BOB, PLATFORM = (
    bearer(token("alice")), bearer(token("bob")), bearer(token("ops", "platform"))
)  # fmt: skip
PATHS = (
    "/api/metrics",
    "/api/metrics/alice/historical?range=24h",
    "/api/metrics/alice/performance",
    "/api/metrics/alice/summary",
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the queries that were sent."""
    names: list[str] = []

    fetch = QueryPool.fetch

    async def counted(database: QueryPool, name: str, row: Any, parameters: Any) -> Any:
        names.append(name)
        return await fetch(database, name, row, parameters)

    monkeypatch.setattr(QueryPool, "fetch", counted)
    return names


async def test_a_hundred_requests_are_one_query_an_endpoint(
    database: str, asked: list[str]
) -> None:
    async with serving(application(database, answer_cache_ms=60_000)) as client:
        for path in PATHS:
            answers = await asyncio.gather(
                *(client.get(path, headers=PLATFORM) for _ in range(100))
            )
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1
            headers = answers[0].headers
            assert headers["cache-control"] == "no-store"
            assert headers["content-type"] == "application/json"
    assert sorted(asked) == ["historical_hours", "performance", "platform", "summary"]


async def test_a_kept_answer_is_behind_the_gate(database: str, asked: list[str]) -> None:
    async with serving(application(database, answer_cache_ms=60_000)) as client:
        for path in PATHS:
            assert (await client.get(path, headers=PLATFORM)).status_code == 200
            assert (await client.get(path, headers=BOB)).status_code == 403
            assert (await client.get(path)).status_code == 401
    assert len(asked) == len(PATHS)


async def test_every_user_and_range_has_its_own(database: str, asked: list[str]) -> None:
    async with serving(application(database, answer_cache_ms=60_000)) as client:
        for _ in range(2):
            for user, headers in (("alice", ALICE), ("bob", BOB)):
                for name in ("24h", "7d", "30d"):
                    path = f"/api/metrics/{user}/historical?range={name}"
                    answer = (await client.get(path, headers=headers)).json()
                    assert (answer["userId"], answer["timeRange"]) == (user, name)
    assert len(asked) == 6


async def test_errors_are_not_kept(empty_database: str, asked: list[str]) -> None:
    async with serving(application(empty_database, answer_cache_ms=60_000)) as client:
        for _ in range(2):
            answer = await client.get("/api/metrics", headers=PLATFORM)
            assert (answer.status_code, answer.json()) == (
                500,
                {"error": "Failed to fetch metrics"},
            )
    assert asked == ["platform", "platform"]
