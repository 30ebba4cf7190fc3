"""The page of settings is what `make pages` writes; a group names the commands that load it."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

import fleetgauge
from schemas.settings import GROUPS, PREFIX, Settings
from tests.pages.settings import PAGE, page
from tests.support.commands import COMMANDS

# One wrong value a group, and words with which a command comes as far as its settings.
WRONG = {
    "DatabaseSettings": "DATABASE_URL",
    "WindowSettings": "LATENESS_LIMIT_DAYS",
    "KafkaSettings": "KAFKA_BOOTSTRAP",
    "IngestSettings": "BATCH_MAX_ROWS",
    "HttpSettings": "HTTP_REPLICAS",
}
WORDS = {
    "erase": ["--user", "alice", "--yes"],
    "maintain": ["--refresh"],
    "dlq replay": ["--all"],
    "dlq show": ["0:1"],
    "emit event": ["{}"],
    "emit host": ["--user=u", "--agent=a"],
    "token": ["--platform"],
}
ROWS = [
    "| `FLEETGAUGE_BATCH_LINGER_MS` | 0 to 60,000 milliseconds | `100` | how long a batch that is "
    "not full waits for more messages |",
    "| `FLEETGAUGE_SAMPLES_PARTITIONS` | 1 or more | `6` | partitions with which `migrate` creates "
    "the samples topic |",
    "| `FLEETGAUGE_KAFKA_PASSWORD` | text, secret | none | the password of the login |",
    "| `FLEETGAUGE_KAFKA_KEY_FILE` | a file | none | key of the client certificate, in PEM, "
    "unencrypted |",
    "| `FLEETGAUGE_KAFKA_BOOTSTRAP` | text | required | bootstrap brokers: `host:port`, separated "
    "by commas |",
]


def groups() -> Iterator[type[Settings]]:
    waiting = list(Settings.__subclasses__())
    while waiting:
        yield (group := waiting.pop())
        waiting += group.__subclasses__()


def test_the_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make pages"


@pytest.mark.parametrize("row", ROWS)
def test_a_row_states_type_bounds_unit_default_and_meaning(row: str) -> None:
    assert row in page().splitlines()


def test_these_are_all_the_groups() -> None:
    assert sorted(map(str, groups())) == sorted(map(str, GROUPS))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_a_group_are_those_that_load_it(command: str) -> None:
    environment = {f"{PREFIX}{name}": "0" for name in WRONG.values()}
    words = [*command.split(), *WORDS.get(command, [])]
    done = CliRunner().invoke(fleetgauge.main, words, env=environment)
    loads = {group for group, name in WRONG.items() if f"{PREFIX}{name}: " in done.output}
    assert loads == {group.__name__ for group in GROUPS if command in group.commands}
