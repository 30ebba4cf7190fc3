"""A database with TLS: the whole way with `sslmode=verify-full`, and each refusal."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from deploy.local import docker
from sql.connect import connected_sync
from sql.session import Session
from tests.integration.emit.topics import made
from tests.support.certificates import Authority
from tests.support.ingest_process import ingest_process
from tests.support.kafka import Put, put
from tests.support.oracle import all_stored, stored_identities
from tests.support.process import fleetgauge
from tests.support.secure_database import SecureDatabase, secure_database
from tests.support.stack import (
    Stack,
    Topics,
    created_database,
    database_settings,
    environment,
    migrate,
)
from tests.support.waiting import until
from tests.unit.ingest.records import SAMPLE

pytestmark = pytest.mark.skipif(docker.answers(), reason="needs the server of the native stack")

ENCRYPTED = """
select application_name, bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid)
where datname = current_database() and application_name like 'fleetgauge%' group by 1
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureDatabase]:
    with secure_database(tmp_path_factory.mktemp("secure")) as found:
        yield found


@pytest.fixture
def verified(server: SecureDatabase) -> dict[str, str]:
    """The parameters of a URL that trust this server and no other."""
    return {"sslmode": "verify-full", "sslrootcert": str(server.authority.file)}


@pytest.fixture
def fresh(server: SecureDatabase, verified: dict[str, str], topics: Topics) -> Iterator[str]:
    """The URL of an empty database on this server, without parameters."""
    with created_database(with_parameters(server.url, **verified), topics.samples) as url:
        yield urlunsplit(urlsplit(url)._replace(query=""))


def with_parameters(url: str, **parameters: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query=urlencode(parameters, quote_via=quote)))


async def test_the_whole_way(
    stack: Stack, fresh: str, verified: dict[str, str], topics: Topics, tmp_path: Path
) -> None:
    url = with_parameters(fresh, **verified)
    env = environment(url, stack, topics, FLEETGAUGE_HTTP_PORT="0")
    with fleetgauge(env, "migrate") as process:
        assert await asyncio.to_thread(process.await_exit) == 0
    await put(stack, topics.samples, [Put(json.dumps(SAMPLE).encode(), b"a1")])
    async with ingest_process(env, tmp_path / "ingest.log") as ingest:
        await all_stored(stack, url, topics)
        with fleetgauge(env, "serve") as process:
            line = await asyncio.to_thread(process.await_line, '"listening"')
            address = json.loads(line)["address"]
            await until(lambda: answers(f"{address}/readyz"), "an answer", 60)
            with psycopg.connect(url) as connection:
                encrypted = connection.execute(ENCRYPTED).fetchall()
        assert await ingest.stop() == 0
    assert sorted(encrypted) == [
        ("fleetgauge-ingest", True),
        ("fleetgauge-query", True),
        ("fleetgauge-refresh", True),
        ("fleetgauge-summary", True),
    ]


async def answers(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).status_code == 200


async def test_a_server_that_is_not_to_be_trusted_is_reported(
    stack: Stack, fresh: str, topics: Topics, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    url = with_parameters(fresh, sslmode="verify-full", sslrootcert=str(stranger.file))
    env = environment(url, stack, topics, FLEETGAUGE_HTTP_PORT="0")
    await made(stack.kafka_bootstrap, topics)
    words = "SSL error: certificate verify failed"
    outputs = []
    for command in ("migrate", "serve"):
        with fleetgauge(env, command) as process:
            await asyncio.to_thread(process.await_line, words)
        outputs.append(process.output)
    async with ingest_process(env, tmp_path / "ingest.log") as ingest:
        await ingest.said(words)
        assert await ingest.stop() == 0
        outputs.append(ingest.log)
    password = urlsplit(url).password or ""
    assert password not in "".join(outputs)
    assert "Traceback" not in "".join(outputs)


# another host in the URL, its parameters, what the sentence has; {ca} is the server's authority
REFUSED = [
    ("127.0.0.1", {"sslmode": "disable"}, "no encryption"),
    ("localhost", {"sslmode": "verify-full", "sslrootcert": "{ca}"}, "does not match host name"),
    ("127.0.0.1", {"sslmode": "verify-full", "sslrootcert": "/absent"}, '"/absent" does not exist'),
]


@pytest.mark.parametrize(("host", "parameters", "sentence"), REFUSED)
def test_what_is_refused(
    server: SecureDatabase, fresh: str, host: str, parameters: dict[str, str], sentence: str
) -> None:
    named = {name: value.format(ca=server.authority.file) for name, value in parameters.items()}
    with pytest.raises(psycopg.OperationalError, match=sentence):
        migrate(with_parameters(fresh.replace("127.0.0.1", host), **named))


# what libpq alone knows
OTHERS = [
    {"sslmode": "prefer"},
    {"sslmode": "require", "channel_binding": "require", "keepalives_idle": "10"},
    {"sslmode": "require", "options": "-c statement_timeout=9s", "target_session_attrs": "primary"},
    {},
]


@pytest.mark.parametrize("parameters", OTHERS)
def test_migrations_take_what_libpq_takes(fresh: str, parameters: dict[str, str]) -> None:
    migrate(with_parameters(fresh, **parameters))
    assert stored_identities(fresh).total() == 0


def test_migrations_go_to_the_host_that_answers(fresh: str, verified: dict[str, str]) -> None:
    migrate(with_parameters(fresh.replace("@", "@127.0.0.1:1,"), **verified))
    assert stored_identities(fresh).total() == 0


def test_migrations_by_a_role_that_brings_a_certificate(
    server: SecureDatabase, fresh: str, verified: dict[str, str]
) -> None:
    database = urlsplit(fresh).path.strip("/")
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("create role certified login superuser password 'a/b@c:d e%'")
    try:
        port = urlsplit(fresh).port
        url = f"postgresql://certified:a%2Fb%40c%3Ad%20e%25@127.0.0.1:{port}/{database}"
        with pytest.raises(psycopg.OperationalError, match="requires a valid client certificate"):
            migrate(with_parameters(url, **verified))
        own = server.authority.identity("certified", "127.0.0.1")
        files = {"sslcert": str(own.certificate), "sslkey": str(own.key)}
        migrate(with_parameters(url, **verified, **files))
    finally:
        superuser_here = urlsplit(server.superuser_url)._replace(path=f"/{database}").geturl()
        with psycopg.connect(superuser_here, autocommit=True) as connection:
            connection.execute("reassign owned by certified to fleetgauge")
            connection.execute("drop owned by certified cascade")
            connection.execute("drop role certified")


def test_what_the_environment_says_holds_for_migrations_too(
    fresh: str, verified: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", verified["sslrootcert"])
    migrate(fresh)
    with connected_sync(database_settings(fresh), Session("test")) as connection:
        assert connection.pgconn.ssl_in_use
