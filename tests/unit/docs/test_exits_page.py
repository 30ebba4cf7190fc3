"""The page of exit statuses is what `make pages` writes; what can be had cheaply is provoked."""

import socket
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

import fleetgauge
from schemas.runtime.exits import ALWAYS, DONE, ENDINGS, FAILED, UNUSABLE
from sql import migrate
from tests.pages.exits import PAGE, page
from tests.support.commands import COMMANDS
from tests.support.stack import SECRET, database_settings

NOBODY = "127.0.0.1:1"
AWAY = {
    "FLEETGAUGE_DATABASE_URL": f"postgresql://a:b@{NOBODY}/c",
    "FLEETGAUGE_KAFKA_BOOTSTRAP": NOBODY,
    "FLEETGAUGE_JWT_SECRET": SECRET,
}
# With database and broker away.
PROVOKED = [
    ("maintain", FAILED),
    ("erase --user alice --yes", FAILED),
    ("doctor", FAILED),
    ("dlq list", FAILED),
    ("dlq show 0:1", FAILED),
    ("dlq replay --all", FAILED),
    ("token --platform", DONE),
    ("schema", DONE),
    ("completion bash", DONE),
]


@pytest.fixture
def taken() -> Iterator[str]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield str(listening.getsockname()[1])


def status(words: str, **environment: str) -> int:
    done = CliRunner().invoke(fleetgauge.main, words.split(), env={**AWAY, **environment})
    return done.exit_code


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make pages"


def test_these_are_all_the_commands() -> None:
    assert sorted(ENDINGS) == COMMANDS
    assert all(DONE in endings and not endings.keys() & ALWAYS for endings in ENDINGS.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_words_are_unusable(command: str) -> None:
    assert status(f"{command} --no-such-option") == UNUSABLE


@pytest.mark.parametrize(("words", "expected"), PROVOKED)
def test_a_command_ends_with_what_the_page_has(words: str, expected: int) -> None:
    name = next(name for name in ENDINGS if words.startswith(name))
    assert expected in ENDINGS[name]
    assert status(words) == expected


def test_an_address_that_is_taken(taken: str) -> None:
    assert status("ingest", FLEETGAUGE_METRICS_PORT=taken) == FAILED


def test_a_database_that_does_not_answer() -> None:
    away = database_settings(AWAY["FLEETGAUGE_DATABASE_URL"])
    assert migrate.run(away, patience_s=0) == FAILED
