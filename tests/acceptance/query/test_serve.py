"""`fleetgauge serve` as a process: it answers, it ends, and it says what is wrong."""

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.process import fleetgauge
from tests.relay import relay
from tests.rows import Row, insert
from tests.serve_process import served
from tests.service import bearer
from tests.stack import REPOSITORY, Stack, Topics, environment, free_port


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


def test_wrong_settings_are_all_told(variables: dict[str, str]) -> None:
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


def test_an_unusable_key_is_told(variables: dict[str, str]) -> None:
    with_file = {name: v for name, v in variables.items() if name != "FLEETGAUGE_JWT_SECRET"}
    with_file["FLEETGAUGE_JWT_PUBLIC_KEY_FILE"] = str(REPOSITORY / "pyproject.toml")
    with fleetgauge(with_file, "serve") as process:
        assert process.await_exit() == 2
    assert "holds no public key in PEM" in process.output


def test_an_address_in_use_is_told(variables: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with fleetgauge({**variables, "FLEETGAUGE_HTTP_PORT": port}, "serve") as process:
            assert process.await_exit() == 1
    assert "cannot listen" in process.output
    assert "Traceback" not in process.output
