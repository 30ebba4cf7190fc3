"""More is asked than the database can answer, or nothing comes back from it at all."""

import asyncio
import time
from contextlib import closing
from http import HTTPStatus

import httpx
import psycopg
import pytest

from query import database as query_database
from tests.support.proxy import proxy_to
from tests.support.service import application, bearer, serving, token
from tests.support.waiting import until

PLATFORM = bearer(token("ops", "platform"))
SENTENCE = {"error": "Failed to fetch performance data"}
# The pool of the application under test.
SIZE = 4


def ask(client: httpx.AsyncClient, users: int) -> list[asyncio.Task[httpx.Response]]:
    """One request for each of so many users, so that no query is shared."""
    paths = [f"/api/metrics/user-{number}/performance" for number in range(users)]
    return [asyncio.create_task(client.get(path, headers=PLATFORM)) for path in paths]


async def answered(asking: list[asyncio.Task[httpx.Response]]) -> list[HTTPStatus]:
    answers = await asyncio.gather(*asking)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert all(answer.json() == SENTENCE for answer in refused)
    assert {answer.headers.get("retry-after") for answer in refused} <= {"1"} | {
        None for answer in refused if answer.status_code == 500
    }
    return [HTTPStatus(answer.status_code) for answer in answers]


async def test_a_query_without_a_turn_is_answered_soon(database: str) -> None:
    with closing(psycopg.connect(database)) as blocker:
        blocker.execute("lock table agents in access exclusive mode")
        async with serving(application(database)) as client:
            before = ask(client, SIZE)
            await until(lambda: waiting_for_locks(database, SIZE), "the queries", 60)
            began = time.monotonic()
            statuses = await answered(ask(client, 20))
            took_s = time.monotonic() - began
            blocker.rollback()
            assert await answered(before) == [200] * SIZE
            assert await answered(ask(client, 20)) == [200] * 20
    assert statuses == [503] * 20
    # Nobody waits for the five seconds after which the server ends the statements.
    assert query_database.TURN_PATIENCE_S <= took_s < query_database.STATEMENT_TIMEOUT_MS / 1_000


async def test_a_long_queue_refuses_at_once(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_database, "WAITING_PER_CONNECTION", 2)
    monkeypatch.setattr(query_database, "TURN_PATIENCE_S", 60.0)
    with closing(psycopg.connect(database)) as blocker:
        blocker.execute("lock table agents in access exclusive mode")
        async with serving(application(database)) as client:
            asking = ask(client, 5 * SIZE)
            done, waiting = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            while len(done) < 2 * SIZE:
                more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                done |= more
            assert await answered(list(done)) == [503] * (2 * SIZE)
            blocker.rollback()
            assert await answered(list(waiting)) == [200] * (3 * SIZE)


async def test_overload_takes_nobody_out_of_rotation(database: str) -> None:
    with closing(psycopg.connect(database)) as blocker:
        async with serving(application(database)) as client:
            assert (await client.get("/readyz")).status_code == 200
            blocker.execute("lock table agents in access exclusive mode")
            before = ask(client, SIZE)
            await until(lambda: waiting_for_locks(database, SIZE), "the queries", 60)
            assert await answered(ask(client, 1)) == [503]
            assert (await client.get("/readyz")).status_code == 200
            blocker.rollback()
            await answered(before)


async def test_a_database_that_is_away_is_no_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_database, "TURN_PATIENCE_S", 0.1)
    nowhere = "postgresql://someone@127.0.0.1:1/fleetgauge"
    async with serving(application(nowhere)) as client:
        assert set(await answered(ask(client, 3 * SIZE))) == {500}


async def test_a_link_that_is_silent_hangs_nobody(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_database, "ANSWER_TIMEOUT_S", 0.5)
    async with proxy_to(database) as (proxy, through), serving(application(through)) as client:
        assert await answered(ask(client, SIZE)) == [200] * SIZE
        proxy.freeze()
        assert await answered(ask(client, SIZE)) == [500] * SIZE
        proxy.thaw()

        async def recovered() -> bool:
            return set(await answered(ask(client, SIZE))) == {200}

        await until(recovered, "an answer", 60)


async def waiting_for_locks(database: str, queries: int) -> bool:
    """Whether so many of the service's sessions wait for a lock."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        found = await connection.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
            "and application_name = 'fleetgauge-query' and datname = current_database()"
        )
        return await found.fetchone() == (queries,)
