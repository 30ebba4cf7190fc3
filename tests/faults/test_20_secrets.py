"""Whatever goes wrong with a command, its secrets stay out of what it writes and answers.

So do SQL and stack traces out of answers.
"""

import signal
import subprocess
import sys
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from tests.faults.plugin import Case
from tests.support.process import fleetgauge
from tests.support.serve_process import calling, holder, served
from tests.support.service import bearer
from tests.support.stack import Stack, Topics, environment, free_port

pytestmark = pytest.mark.fault(20, "secrets")

PASSWORD = "Tr0ub4dor&3 wants/no?one#to@see%it"
SECRET = "of the same kind, 'quoted' \\ and more than thirty-two"
KAFKA_PASSWORD = "and a third one, for the broker"
# Parts that would still leak one.
SECRET_PARTS = ("Tr0ub4dor", "to@see", "see%it", "of the same kind", "thirty-two", "a third one")
INSIDE = ("Traceback", "psycopg", 'File "', "select ", "relation ", "PoolTimeout")


def url(host: str = "127.0.0.1", port: int | None = None, password: str | None = None) -> str:
    return (
        f"postgresql://someone:{quote(PASSWORD, safe='') if password is None else password}"
        f"@{host}:{port or free_port()}/fleetgauge"
    )


def with_secrets(variables: Mapping[str, str], **more: str) -> dict[str, str]:
    return {
        **variables,
        "FLEETGAUGE_LOG_LEVEL": "debug",
        "FLEETGAUGE_DATABASE_URL": url(),
        "FLEETGAUGE_JWT_SECRET": SECRET,
        "FLEETGAUGE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "FLEETGAUGE_KAFKA_SASL_MECHANISM": "PLAIN",
        "FLEETGAUGE_KAFKA_USERNAME": "someone",
        "FLEETGAUGE_KAFKA_PASSWORD": KAFKA_PASSWORD,
        "FLEETGAUGE_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        **more,
    }


def assert_silent(output: str) -> None:
    for word in SECRET_PARTS:
        assert word not in output, output


# Settings that cannot be used; each is one that the driver would have repeated.
WRONG = {
    "percent": {"FLEETGAUGE_DATABASE_URL": url(password="Tr0ub4dor%3zz")},
    "at": {"FLEETGAUGE_DATABASE_URL": url(password="Tr0ub4dor@to@see")},
    "slash": {"FLEETGAUGE_DATABASE_URL": url(password="Tr0ub4dor/to")},
    "question": {"FLEETGAUGE_DATABASE_URL": url(password="Tr0ub4dor?to=see")},
    "hash": {"FLEETGAUGE_DATABASE_URL": url(password="Tr0ub4dor#to")},
    "words": {"FLEETGAUGE_DATABASE_URL": "host=127.0.0.1 password=Tr0ub4dor"},
    "others": {
        "FLEETGAUGE_JWT_SECRET": "Tr0ub4dor",
        "FLEETGAUGE_JWT_PREVIOUS_SECRET": "to@see",
        "FLEETGAUGE_HTTP_PORT": "none",
    },
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_settings_that_cannot_be_used(variables: dict[str, str], wrong: dict[str, str]) -> None:
    command = "migrate" if "FLEETGAUGE_DATABASE_URL" in wrong else "serve"
    with fleetgauge(with_secrets(variables, **wrong), command) as process:
        assert process.await_exit() == 2
    assert "FLEETGAUGE_" in process.output
    assert "Traceback" not in process.output
    assert_silent(process.output)


def test_a_database_that_is_away_or_refuses(variables: dict[str, str], database: str) -> None:
    parts = urlsplit(database)
    refusing = url(parts.hostname or "", parts.port)
    for where in (url(), url("fleetgauge.invalid"), refusing):
        with served(with_secrets(variables, FLEETGAUGE_DATABASE_URL=where)) as serving:
            output = answers(serving.url)
            serving.process.signal(signal.SIGTERM)
            assert serving.process.await_exit() == 0
        assert '"not ready"' in serving.process.output
        assert_silent(serving.process.output + output)
        assert not [word for word in INSIDE if word in output], output


def answers(address: str) -> str:
    """Everything that the service reports about its errors, to anybody."""
    with httpx.Client(base_url=address, timeout=20) as client:
        asked = [
            client.get("/readyz"),
            client.get("/metrics"),
            client.get("/openapi.json"),
            client.get("/api/metrics/alice/summary", headers=bearer("a.b.c")),
        ]
    return "\n".join(f"{answer.headers}\n{answer.text}" for answer in asked)


def test_a_database_that_is_not_migrated(empty_database: str, stack: Stack, topics: Topics) -> None:
    with (
        served(environment(empty_database, stack, topics)) as serving,
        calling(serving) as caller,
    ):
        for path in ("/api/metrics", "/api/metrics/alice/summary", "/readyz"):
            answer = caller.get(path, holder("ops", "platform"))
            assert answer.status in {500, 503}
            assert not [word for word in INSIDE if word in answer.text], answer
    password = urlsplit(empty_database).password or ""
    assert password not in serving.process.output
    assert "Traceback" not in serving.process.output


def test_migrations_that_fail(empty_database: str, stack: Stack, topics: Topics) -> None:
    """dbmate and the server complain in their own words, which have the URL or not."""
    role = "fleetgauge_migrator"
    parts = urlsplit(empty_database)
    netloc = f"{role}:{quote(PASSWORD, safe='')}@{parts.hostname}:{parts.port}"
    theirs = urlunsplit(parts._replace(netloc=netloc))
    variables = environment(theirs, stack, topics)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"create role {role} login password '{PASSWORD}'".encode())
        try:
            with fleetgauge(
                with_secrets(variables, FLEETGAUGE_DATABASE_URL=theirs), "migrate"
            ) as process:
                assert process.await_exit() == 1
        finally:
            connection.execute(f"drop role {role}".encode())
    assert_silent(process.output)


def test_a_broker_that_is_away(variables: dict[str, str], database: str, case: Case) -> None:
    if not case.is_long:
        pytest.skip("waits half a minute for the broker")
    with fleetgauge(
        with_secrets(variables, FLEETGAUGE_DATABASE_URL=database), "migrate"
    ) as process:
        assert process.await_exit() == 1
    assert_silent(process.output)
    assert (urlsplit(database).password or "") not in process.output


def test_a_fault_of_our_own(variables: dict[str, str]) -> None:
    """An unexpected exception is printed with its traceback, and without the secret."""
    program = (
        "import fleetgauge, os\n"
        "def broken(*_): raise RuntimeError(os.environ['FLEETGAUGE_JWT_SECRET'])\n"
        "fleetgauge.main.invoke = broken\n"
        "fleetgauge.run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "serve"],
        env=with_secrets(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "RuntimeError: [redacted]" in done.stderr
    assert_silent(done.stderr)
