"""`fleetgauge serve` as a process: it answers, it ends, and it says what is wrong."""

import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest

from query.connection import HEAD_TIMEOUT_S
from tests.support.process import fleetgauge
from tests.support.relay import relay
from tests.support.rows import Row, insert
from tests.support.serve_process import Serving, served
from tests.support.service import bearer
from tests.support.stack import REPOSITORY, Stack, Topics, environment, free_port


@pytest.fixture
def variables(database: str, stack: Stack, topics: Topics) -> dict[str, str]:
    return environment(database, stack, topics)


def token(variables: dict[str, str], *words: str) -> str:
    """What `fleetgauge token` prints."""
    command = [sys.executable, "-m", "fleetgauge", "token", *words]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_dashboards_are_answered(variables: dict[str, str], database: str) -> None:
    now = datetime.now(UTC)
    insert(database, [Row("alice/a", now - timedelta(seconds=1), 12.5, 50, 8, 1, 40)])
    with served(variables) as serving, serving.client() as client:
        alice = bearer(token(variables, "--user", "alice"))
        history = client.get("/api/metrics/alice/historical?range=7d", headers=alice).json()
        performance = client.get("/api/metrics/alice/performance", headers=alice).json()
        others = client.get("/api/metrics/bob/performance", headers=alice)
        platform = bearer(token(variables, "--platform", "--ttl", "90s"))
        allowed = client.get("/api/metrics/bob/performance", headers=platform)
        assert client.get("/docs").status_code == 200
        assert "fleetgauge_http_requests_total" in client.get("/metrics").text
        serving.process.signal(signal.SIGTERM)
        assert serving.process.await_exit() == 0
    assert history["averages"] == {"cpu": 12.5, "memory": 50.0, "messages": 8.0, "errors": 1.0}
    assert (performance["errorRate"], performance["responseTime"]) == (12.5, 40.0)
    assert performance["status"] == "ok"
    assert (others.status_code, allowed.status_code) == (403, 200)
    assert "Traceback" not in serving.process.output


def test_accepted_requests_are_answered_before_the_end(
    variables: dict[str, str], database: str
) -> None:
    headers = bearer(token(variables, "--user", "alice"))
    with (
        served(variables) as serving,
        serving.client() as client,
        closing(psycopg.connect(database)) as blocker,
        psycopg.connect(database, autocommit=True) as watcher,
        ThreadPoolExecutor(1) as pool,
    ):
        blocker.execute("lock table agents in access exclusive mode")
        answer = pool.submit(client.get, "/api/metrics/alice/performance", headers=headers)
        waiting = "select from pg_locks where not granted and database = (select oid from "
        waiting += "pg_database where datname = current_database())"
        while watcher.execute(waiting).fetchone() is None:
            assert not answer.done()
        serving.process.signal(signal.SIGTERM)
        blocker.rollback()
        assert answer.result(20).status_code == 200
        assert serving.process.await_exit() == 0


def test_a_database_that_comes_later(variables: dict[str, str], database: str) -> None:
    parts = urlsplit(database)
    port = free_port()
    away = database.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")
    headers = bearer(token(variables, "--user", "alice"))
    with (
        served(variables, FLEETGAUGE_DATABASE_URL=away) as serving,
        serving.client() as client,
    ):
        answer = client.get("/api/metrics/alice/performance", headers=headers)
        assert answer.status_code == 500
        assert answer.json() == {"error": "Failed to fetch performance data"}
        assert client.get("/readyz").status_code == 503
        with relay(port, (parts.hostname or "", parts.port or 0)):
            serving.await_ready()
            answer = client.get("/api/metrics/alice/performance", headers=headers)
            assert answer.status_code == 200
        serving.process.signal(signal.SIGTERM)
        assert serving.process.await_exit() == 0
    assert "Traceback" not in serving.process.output


def test_wrong_settings_are_all_reported(variables: dict[str, str]) -> None:
    wrong = {
        "FLEETGAUGE_DATABASE_URL": "mysql://nowhere",
        "FLEETGAUGE_JWT_SECRET": "short",
        "FLEETGAUGE_HTTP_PORT": "70000",
    }
    with fleetgauge({**variables, **wrong}, "serve") as process:
        assert process.await_exit() == 2
    assert [line.partition(":")[0] for line in process.lines] == ["fleetgauge"] * 3
    assert all(any(name in line for line in process.lines) for name in wrong)
    assert "short" not in process.output.replace("shorter", "")


def test_an_unusable_key_is_reported(variables: dict[str, str]) -> None:
    with_file = {name: v for name, v in variables.items() if name != "FLEETGAUGE_JWT_SECRET"}
    with_file["FLEETGAUGE_JWT_PUBLIC_KEY_FILE"] = str(REPOSITORY / "pyproject.toml")
    with fleetgauge(with_file, "serve") as process:
        assert process.await_exit() == 2
    assert "does not contain a PEM public key" in process.output


def test_an_address_in_use_is_reported(variables: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with fleetgauge({**variables, "FLEETGAUGE_HTTP_PORT": port}, "serve") as process:
            assert process.await_exit() == 1
    assert "cannot listen" in process.output
    assert "Traceback" not in process.output


# the setting, and where it listens then
HOSTS = {
    "localhost": "http://127.0.0.1:",
    "127.0.0.1": "http://127.0.0.1:",
    "::1": "http://[::1]:",
    "[::1]": "http://[::1]:",
}


@pytest.mark.parametrize(("host", "address"), HOSTS.items())
def test_names_and_brackets(variables: dict[str, str], host: str, address: str) -> None:
    with served(variables, FLEETGAUGE_HTTP_HOST=host) as serving, serving.client() as client:
        assert serving.url.startswith(address)
        assert client.get("/livez").status_code == 200


def test_all_addresses(variables: dict[str, str]) -> None:
    with served(variables, FLEETGAUGE_HTTP_HOST="::") as serving:
        for address in ("127.0.0.1", "::1"):
            with socket.create_connection((address, serving.address[1]), timeout=10):
                pass


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1", "[localhost"])
def test_a_host_that_is_not_this_machine(variables: dict[str, str], host: str) -> None:
    with fleetgauge({**variables, "FLEETGAUGE_HTTP_HOST": host}, "serve") as process:
        assert process.await_exit() == 1
    assert "FLEETGAUGE_HTTP_HOST takes an address of this machine" in process.output
    assert "Traceback" not in process.output


def exchange(serving: Serving, request: bytes) -> str:
    """The answer to these bytes, to the connection's end."""
    with serving.connect() as link:
        link.sendall(request)
        received = b""
        while piece := link.recv(65_536):
            received += piece
    return received.decode()


# a request as it is sent, and the first line and a header of the answer
RAW = {
    "HEAD": (b"HEAD /openapi.json HTTP/1.1\r\nHost: a\r\n", "200", "content-length: "),
    "OPTIONS": (b"OPTIONS /livez HTTP/1.1\r\nHost: a\r\n", "204", "allow: GET, HEAD, OPTIONS"),
    "no host": (b"GET /livez HTTP/1.1\r\n", "400", "content-type: application/json"),
    "two hosts": (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "400", ""),
    "a bare line feed": (
        b"GET /livez HTTP/1.1\nHost: a\r\n",
        "400",
        "content-type: application/json",
    ),
    "HTTP/1.0": (b"GET /livez HTTP/1.0\r\n", "200", ""),
    "a slash": (b"GET /docs/ HTTP/1.1\r\nHost: a\r\n", "308", "location: ../docs"),
    "metrics": (b"GET /metrics HTTP/1.1\r\nHost: a\r\n", "200", "charset=utf-8"),
}


def test_an_idle_connection_ends_after_its_setting(variables: dict[str, str]) -> None:
    with served(variables, FLEETGAUGE_HTTP_IDLE_TIMEOUT_MS="1000") as serving:
        began = time.monotonic()
        assert exchange(serving, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").startswith(
            "HTTP/1.1 200"
        )
        assert 1 <= time.monotonic() - began < HEAD_TIMEOUT_S


def test_bytes_of_http(variables: dict[str, str]) -> None:
    with served(variables) as serving:
        for name, (request, status, header) in RAW.items():
            answer = exchange(serving, request + b"Connection: close\r\n\r\n")
            head, _, body = answer.partition("\r\n\r\n")
            assert head.split()[1] == status, (name, head)
            assert header in head, (name, head)
            assert head.count("charset") <= 1, (name, head)
            if name == "HEAD":
                assert body == ""
                assert int(head.partition("content-length: ")[2].split()[0]) > 1_000
