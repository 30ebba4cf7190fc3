"""The guard over HTTP with a database that is not there: refusals must not ask for it."""

from datetime import timedelta

import pytest
from litestar import Litestar
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr

from query.app import create_app
from query.token import issue_platform
from schemas.settings import DatabaseSettings, HttpSettings
from tests.support.service import NOW, application, bearer, serving, token
from tests.support.stack import SECRET

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
PATHS = ("/api/metrics/alice/historical", "/api/metrics/alice/performance")
ALICE = token("alice")

# id: the headers, the status
REFUSED: dict[str, tuple[list[tuple[str, str]], int]] = {
    "none": ([], 401),
    "empty": ([("Authorization", "")], 401),
    "no token": ([("Authorization", "Bearer")], 401),
    "no scheme": ([("Authorization", ALICE)], 401),
    "another scheme": ([("Authorization", f"Basic {ALICE}")], 401),
    "two": ([("Authorization", f"Bearer {ALICE}")] * 2, 401),
    "two in one": ([("Authorization", f"Bearer {ALICE}, Bearer {ALICE}")], 401),
    "another header": ([("X-Authorization", f"Bearer {ALICE}")], 401),
    "expired": ([("Authorization", f"Bearer {token('alice', now=NOW - timedelta(days=1))}")], 401),
    "huge": ([("Authorization", "Bearer " + "a" * 16_000)], 401),
    "somebody else's": ([("Authorization", f"Bearer {token('bob')}")], 403),
    "look-alike": ([("Authorization", f"Bearer {token('alice.')}")], 403),
    "the platform's name as a user": ([("Authorization", f"Bearer {token('platform')}")], 403),
}
SENTENCES = {
    401: "This needs a valid token in the header Authorization: Bearer <JWT>.",
    403: "This token may not read that.",
}


@pytest.fixture(autouse=True)
def _no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(AsyncConnectionPool, "connection", refuse)


@pytest.mark.parametrize(("headers", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_refused(headers: list[tuple[str, str]], status: int) -> None:
    async with serving(application(NOWHERE)) as client:
        for path in PATHS:
            answer = await client.get(path, headers=headers)
            assert (answer.status_code, answer.json()) == (status, {"error": SENTENCES[status]})
            assert ("www-authenticate" in answer.headers) is (status == 401)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_has_no_case(scheme: str) -> None:
    async with serving(application(NOWHERE)) as client:
        answer = await client.get(PATHS[0], headers={"Authorization": f"{scheme} {ALICE}"})
    assert answer.status_code == 500


async def test_a_wrong_range_is_nobody_elses_business() -> None:
    async with serving(application(NOWHERE)) as client:
        answer = await client.get(f"{PATHS[0]}?range=1y", headers=bearer(token("bob")))
    assert answer.status_code == 403


def limited_settings(burst: int) -> HttpSettings:
    """One of sixty processes: so many requests at once, and then one a minute."""
    return HttpSettings(
        jwt_secret=SecretStr(SECRET),
        rate_limit_per_s=1,
        rate_limit_burst=60 * burst,
        http_replicas=60,
    )


def limited(burst: int) -> Litestar:
    database = DatabaseSettings(database_url=SecretStr(NOWHERE))
    return create_app(database, limited_settings(burst), lambda: NOW)


async def test_the_limit_is_by_user_whatever_else_the_request_says() -> None:
    tokens = [token("alice", now=NOW - timedelta(seconds=s)) for s in range(10)]
    async with serving(limited(burst=5)) as client:
        statuses = [
            (await client.get(path, headers={**bearer(one), **said})).status_code
            for one in tokens
            for path in PATHS
            for said in ({"X-Forwarded-For": f"192.0.2.{tokens.index(one)}"}, {"Host": "elsewhere"})
        ]
        other = await client.get(PATHS[0], headers=bearer(token("bob")))
        public = await client.get("/livez", headers=bearer(tokens[0]))
    assert statuses == [500] * 5 + [429] * 35
    assert (other.status_code, public.status_code) == (403, 200)


async def test_a_rejected_request_gets_retry_after() -> None:
    async with serving(limited(burst=1)) as client:
        await client.get(PATHS[0], headers=bearer(ALICE))
        answer = await client.get(PATHS[0], headers=bearer(ALICE))
    assert 50 < int(answer.headers["retry-after"]) <= 60
    assert answer.json() == {
        "error": "Too many requests of this token's user: wait as long as Retry-After says."
    }


async def test_the_limit_is_by_the_subject_of_a_platforms_token() -> None:
    async with serving(limited(burst=1)) as client:
        for name in ("ops-alice", "ops-bob"):
            headers = bearer(issue_platform(limited_settings(1), name, "1h", lambda: NOW))
            statuses = [(await client.get(PATHS[0], headers=headers)).status_code for _ in "12"]
            assert statuses == [500, 429]


async def test_a_platforms_token_has_a_bucket_apart_from_a_user_of_its_name() -> None:
    async with serving(limited(burst=1)) as client:
        for scope in ("user", "platform"):
            headers = bearer(token("alice", scope))
            statuses = [(await client.get(PATHS[0], headers=headers)).status_code for _ in "12"]
            assert statuses == [500, 429]
