"""What the command says where something is away, and what to do about it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

import fleetgauge
from ingest.admin.topics import create_topics
from schemas.settings import KafkaSettings
from tests.support import process
from tests.support.stack import Stack, Topics, environment
from tests.support.terminal import on_a_terminal

LOGIN_FIX = ": correct the role, its password or its rights, or FLEETGAUGE_DATABASE_URL"
START_DATABASE = "; start the server, or correct FLEETGAUGE_DATABASE_URL"
CHECK_BROKER = "; check the broker and the FLEETGAUGE_KAFKA_… settings"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that nobody gets, and where nobody answers."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])


@pytest.fixture
def variables(stack: Stack, topics: Topics, empty_database: str) -> dict[str, str]:
    """A database that is not migrated, and a broker without these topics."""
    return environment(empty_database, stack, topics)


def run(variables: dict[str, str], *words: str, **more: str) -> Result:
    return CliRunner().invoke(
        fleetgauge.main, words, env={**variables, **more}, prog_name="fleetgauge"
    )


def test_no_database(variables: dict[str, str], taken: int) -> None:
    away = f"postgresql://somebody:a-password@127.0.0.1:{taken}/nowhere"
    result = run(variables, "maintain", FLEETGAUGE_DATABASE_URL=away)
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "fleetgauge: cannot run upkeep: connection failed: connection to server"
    )
    assert result.stderr.endswith(f"Connection refused{START_DATABASE}\n")


def test_a_wrong_password(variables: dict[str, str]) -> None:
    wrong = urlsplit(variables["FLEETGAUGE_DATABASE_URL"])
    url = wrong._replace(netloc=f"{wrong.username}:wrong@{wrong.hostname}:{wrong.port}").geturl()
    result = run(variables, "maintain", FLEETGAUGE_DATABASE_URL=url)
    assert result.exit_code == 1
    assert "password authentication failed" in result.stderr
    assert result.stderr.endswith(f"{LOGIN_FIX}\n")


def test_a_database_that_is_not_migrated(variables: dict[str, str]) -> None:
    result = run(variables, "maintain")
    assert result.exit_code == 1
    assert result.stderr == "fleetgauge: the database is not migrated: run 'fleetgauge migrate'\n"


def test_ingest_without_migrations(variables: dict[str, str], topics: Topics) -> None:
    """It waits for them, and says so."""
    kafka = KafkaSettings(
        kafka_bootstrap=variables["FLEETGAUGE_KAFKA_BOOTSTRAP"],
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )
    assert create_topics(kafka) == 0
    with process.fleetgauge({**variables, "FLEETGAUGE_METRICS_PORT": "0"}, "ingest") as running:
        entry = json.loads(running.await_line("will try again"))
        running.signal(signal.SIGTERM)
        assert running.await_exit() == 0
    missing = "relation \"ingest_offsets\" does not exist: run 'fleetgauge migrate'"
    assert entry["error"] == missing


def test_no_broker(variables: dict[str, str], taken: int) -> None:
    bootstrap = f"127.0.0.1:{taken}"
    result = run(variables, "dlq", "list", FLEETGAUGE_KAFKA_BOOTSTRAP=bootstrap)
    assert result.exit_code == 1
    away = f"no broker answers at {bootstrap}"
    assert result.stderr == f"fleetgauge: Kafka cannot be used: {away}{CHECK_BROKER}\n"


def test_no_topics(variables: dict[str, str], topics: Topics) -> None:
    result = run(variables, "dlq", "list")
    assert result.exit_code == 1
    missing = f"topic {topics.deadletter}.replayed is missing: run 'fleetgauge migrate'"
    assert result.stderr == f"fleetgauge: {missing}\n"


def test_a_port_that_is_taken(variables: dict[str, str], taken: int) -> None:
    result = run(variables, "ingest", FLEETGAUGE_METRICS_PORT=str(taken))
    assert result.exit_code == 1
    assert "Address already in use" in result.stderr
    assert "stop the process that uses this port, or set FLEETGAUGE_METRICS_PORT" in result.stderr


COMMAND = [sys.executable, "-m", "fleetgauge"]
AWAY = "will try again"


@pytest.mark.parametrize(
    ("more", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_on_a_terminal(
    variables: dict[str, str], taken: int, more: dict[str, str], is_coloured: bool
) -> None:
    """Lines for people, in colours where they are wanted; Ctrl-C ends it in a sentence."""
    url = {"FLEETGAUGE_DATABASE_URL": f"postgresql://u:p@127.0.0.1:{taken}/d"}
    env = {**variables, "TERM": "xterm", **url, **more}
    with on_a_terminal([*COMMAND, "migrate"], env) as terminal:
        terminal.await_shown(AWAY)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.await_end() == 130
    assert terminal.shown.splitlines()[-1] == "fleetgauge: interrupted"
    assert "Traceback" not in terminal.shown
    assert ("\x1b[3" in terminal.raw) is is_coloured


def test_a_reader_that_has_enough() -> None:
    """As `head`, which is gone before all is written."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, "schema"], stdout=pipe, stderr=pipe) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.wait(60) == 1
        assert running.stderr is not None
        assert running.stderr.read() == b""
