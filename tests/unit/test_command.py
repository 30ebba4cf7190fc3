"""The command as its users meet it: help with examples, and errors that say what to do."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import rich_click as click
from click.testing import CliRunner

import fleetgauge
from tests.unit.test_import_emit import FOREIGN, loaded_with

KAFKA = {"FLEETGAUGE_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
DATABASE = {"FLEETGAUGE_DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c"}
SECRET = {"FLEETGAUGE_JWT_SECRET": "of the tests, thirty-two bytes or more"}


def commands(found: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """The words that lead to each command, the first to `fleetgauge` itself."""
    yield path
    for name, command in getattr(found, "commands", {}).items():
        yield from commands(command, *path, name)


ALL = list(commands(fleetgauge.main))


def test_these_are_all() -> None:
    assert len(ALL) >= 16
    assert ("dlq", "replay") in ALL


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_has_a_sentence_and_examples(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(fleetgauge.main, [*words, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    lines = result.output.splitlines()
    sentence = next(line for line in lines if line.strip() and "Usage:" not in line)
    assert sentence.startswith(" ")
    examples = lines[lines.index(" Examples") :]
    assert [line for line in examples if "fleetgauge" in line and "#" not in line]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_says_what_it_is(words: tuple[str, ...]) -> None:
    command: click.Command = fleetgauge.main
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("migrat", {}, "fleetgauge: No such command 'migrat'. (Did you mean one of:"),
    ("dlq lst", {}, "fleetgauge dlq: No such command 'lst'. Did you mean 'list'? See"),
    ("dlq list --limt 3", {}, "fleetgauge dlq list: No such option '--limt'. Did you mean"),
    ("dlq list --reason bad", {}, "fleetgauge dlq list: Invalid value for '--reason': 'bad' is"),
    ("dlq list --since now", KAFKA, "fleetgauge dlq list: since takes a time with a UTC offset"),
    ("dlq show here", KAFKA, "fleetgauge dlq show: 'here' is not TOPIC/PARTITION/OFFSET,"),
    ("dlq replay", KAFKA, "fleetgauge dlq replay: give either --reason or --all. See"),
    ("emit fleet --agents x", KAFKA, "fleetgauge emit fleet: Invalid value for '--agents'"),
    ("emit fleet --backfill x", KAFKA, "fleetgauge emit fleet: backfill takes a number and"),
    ("emit host", KAFKA, "fleetgauge emit host: Missing option '--user'. See"),
    ("emit host --user=? --agent=a", KAFKA, "fleetgauge emit host: user takes 1 to 128 of"),
    ("emit event", KAFKA, "fleetgauge emit event: an event is needed, as an argument"),
    ("emit event {}", KAFKA, "fleetgauge emit event: Object missing required field `type`: {}"),
    ("emit event x", KAFKA, "fleetgauge emit event: JSON is malformed"),
    (
        'emit event {"type":"skill","userId":"a","skillId":"b","active":1}',
        KAFKA,
        "fleetgauge emit event: Expected `bool`, got `int` - at `$.active`",
    ),
    ("completion", {}, "fleetgauge completion: Missing argument"),
    ("completion tcsh", {}, "fleetgauge completion: Invalid value"),
    ("--log-level", {}, "fleetgauge: Option '--log-level' requires an argument. See"),
    ("--log-level=no doctor", {}, "fleetgauge: Invalid value for '--log-level': 'no' is not"),
    ("erase", DATABASE, "fleetgauge erase: name either --user ID, with --agent ID or without,"),
    ("erase --agent=a", DATABASE, "fleetgauge erase: name either --user ID, with --agent ID"),
    ("erase --orphans --agent=a", DATABASE, "fleetgauge erase: name either --user ID, with"),
    ("erase --user=a", DATABASE, "fleetgauge erase: --yes is required without a terminal"),
    ("token", SECRET, "fleetgauge token: name either --user ID or --platform. See"),
    ("token --user=a --ttl=1y", SECRET, "fleetgauge token: ttl takes a number and s, m, h or"),
    ("token --user=a", {}, "fleetgauge: set either FLEETGAUGE_JWT_SECRET (or"),
    ("token --user=a", {"FLEETGAUGE_JWT_SECRET": "x"}, "fleetgauge: FLEETGAUGE_JWT_SECRET: takes"),
    (
        "token --user=a",
        {"FLEETGAUGE_JWT_SECRET_FILE": "/nowhere"},
        "fleetgauge: FLEETGAUGE_JWT_SECRET_FILE: cannot read /nowhere: No such file or directory",
    ),
    ("ingest", DATABASE, "fleetgauge: FLEETGAUGE_KAFKA_BOOTSTRAP is not set: it takes host:port"),
    ("maintain", {}, "fleetgauge: FLEETGAUGE_DATABASE_URL is not set: it takes postgresql://"),
]


@pytest.mark.parametrize(("words", "variables", "sentence"), WRONG)
def test_what_is_wrong_is_a_line(words: str, variables: dict[str, str], sentence: str) -> None:
    result = CliRunner().invoke(
        fleetgauge.main, words.split(), env=variables, prog_name="fleetgauge"
    )
    assert result.exit_code == 2
    assert result.stdout == ""
    first = result.stderr.splitlines()[0]
    assert first.startswith(sentence)
    if "FLEETGAUGE_" not in first:
        assert first.endswith("--help'.")


def test_an_error_where_nothing_is_secret() -> None:
    """The environment of a newcomer: the stream that hides secrets has none to hide."""
    done = subprocess.run(
        [sys.executable, "-m", "fleetgauge", "maintain"],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("fleetgauge: FLEETGAUGE_DATABASE_URL is not set: it takes ")


def test_a_tab_waits_for_nothing_heavy() -> None:
    heavy = FOREIGN | {"aiokafka", "pydantic", "pydantic_settings", "structlog", "msgspec"}
    assert not loaded_with("fleetgauge") & heavy


@pytest.mark.parametrize("words", [("--version",), ("emit", "-h"), ("completion", "bash")])
def test_what_asks_for_no_settings(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(fleetgauge.main, words, env={"FLEETGAUGE_HTTP_PORT": "x"})
    assert result.exit_code == 0
