"""What is answered while the database is away, slow, or not migrated."""

from contextlib import closing

import psycopg
import pytest

from query import database as query_database
from sql.session import Session
from tests.support.rows import insert, sample
from tests.support.service import NOW, application, bearer, serving, token
from tests.support.stack import free_port

SENTENCES = {
    "historical": "Failed to fetch historical metrics",
    "performance": "Failed to fetch performance data",
    "summary": "Failed to fetch metrics summary",
}


@pytest.mark.parametrize(("route", "sentence"), SENTENCES.items())
async def test_database_away(route: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_database, "PATIENCE_S", 0.2)
    nowhere = f"postgresql://someone:a-password@127.0.0.1:{free_port()}/fleetgauge"
    async with serving(application(nowhere)) as client:
        answer = await client.get(f"/api/metrics/alice/{route}", headers=bearer(token("alice")))
        refused = await client.get(f"/api/metrics/alice/{route}")
        ready = await client.get("/readyz")
        live = await client.get("/livez")
    assert (answer.status_code, answer.json()) == (500, {"error": sentence})
    assert refused.status_code == 401
    assert ready.status_code == 503
    assert ready.json() == {
        "status": "unavailable",
        "reasons": ["The database cannot be reached."],
        "warnings": [],
    }
    assert (live.status_code, live.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(("route", "sentence"), SENTENCES.items())
async def test_a_failure_reveals_no_internals(
    empty_database: str, route: str, sentence: str
) -> None:
    async with serving(application(empty_database)) as client:
        answer = await client.get(f"/api/metrics/alice/{route}", headers=bearer(token("alice")))
    assert (answer.status_code, answer.json()) == (500, {"error": sentence})


async def test_pending_migrations_are_reported(empty_database: str) -> None:
    async with serving(application(empty_database)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    (reason,) = answer.json()["reasons"]
    assert reason == "Migrations are pending: run `fleetgauge migrate`."


async def test_ready_once_migrated(database: str) -> None:
    async with serving(application(database)) as client:
        answers = [await client.get("/readyz") for _ in range(2)]
    found = [(a.status_code, a.json()["status"], a.json()["reasons"]) for a in answers]
    assert found == [(200, "ok", [])] * 2


async def test_connections_that_the_server_ended_cost_no_request(database: str) -> None:
    insert(database, [sample("alice/a", NOW.isoformat())])
    path, headers = "/api/metrics/alice/performance", bearer(token("alice"))
    async with serving(application(database)) as client:
        assert (await client.get(path, headers=headers)).status_code == 200
        _end_sessions(database)
        assert (await client.get(path, headers=headers)).status_code == 200


async def test_a_statement_that_takes_too_long_is_ended(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = Session("fleetgauge-query", {"statement_timeout": "200ms"})
    monkeypatch.setattr(query_database, "SESSION", hasty)
    with closing(psycopg.connect(database)) as blocker:
        blocker.execute("lock table agents in access exclusive mode")
        async with serving(application(database)) as client:
            answer = await client.get(
                "/api/metrics/alice/performance", headers=bearer(token("alice"))
            )
    assert (answer.status_code, answer.json()) == (500, {"error": SENTENCES["performance"]})


def _end_sessions(database: str) -> None:
    """Ends the service's sessions and returns when they are gone."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where application_name = 'fleetgauge-query' and datname = current_database()"
        )
