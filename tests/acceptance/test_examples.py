"""Every example of every help is run, as it stands there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from threading import Lock
from typing import Final

import pytest
import rich_click as click

import fleetgauge
from ingest.admin.topics import create_topics
from schemas.settings import KafkaSettings
from tests.support.stack import Stack, Topics, environment

# Commands that do not end by themselves, and what each logs once it runs.
ENDLESS: Final = {
    "fleetgauge ingest": "ingest runs",
    "fleetgauge ingest --accept-gap": "ingest runs",
    "fleetgauge ingest --skip-unreadable": "ingest runs",
    "fleetgauge --log-level debug ingest": "ingest runs",
    "fleetgauge serve": "listening",
    "FLEETGAUGE_HTTP_PORT=0 fleetgauge serve": "listening",
    "fleetgauge emit host --user alice --agent laptop": "sampling this machine",
    "fleetgauge emit host --user alice --agent laptop --interval 10": "sampling this machine",
    "fleetgauge emit fleet --backfill 30d": "simulating a fleet",
    "fleetgauge emit fleet --backfill 1d --incident": "simulating a fleet",
    "fleetgauge emit fleet --agents 1000 --interval 1 --duration 10m": "simulating a fleet",
}
# Of a stack where no ingest runs, and of a topic without dead letters.
STATUS: Final = {
    "fleetgauge doctor": 1,
    "fleetgauge doctor --json": 1,
    "fleetgauge dlq show fleet.samples/3/1742": 1,
    "fleetgauge dlq show fleet.samples/3/1742/17": 1,
    "fleetgauge dlq show 0:86": 1,
}
# What examples send from files.
EVENT: Final = (
    '{"type":"fan","userId":"alice","fanId":"f1","ts":"2026-03-01T12:00:00Z","segment":"new"}\n'
)
# Side by side, for what takes time is the start of a process; but upkeep is one session's.
BESIDE: Final = 5
MAINTAINING: Final = Lock()


def examples(command: click.Command) -> Iterator[str]:
    """Those of this command and of all below it."""
    yield from getattr(command, "examples", ())
    for below in getattr(command, "commands", {}).values():
        yield from examples(below)


ALL: Final = sorted(set(examples(fleetgauge.main)))
ENDING: Final = [example for example in ALL if example not in ENDLESS]


@pytest.fixture
def variables(database: str, stack: Stack, topics: Topics, tmp_path: Path) -> dict[str, str]:
    """A migrated database and topics, ports that are free, a home with the shells' folders."""
    kafka = KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )
    assert create_topics(kafka) == 0
    for folder in (".zfunc", ".config/fish/completions"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("event.json", "events.jsonl"):
        (tmp_path / file).write_text(EVENT, encoding="utf-8")
    found = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ports = {"FLEETGAUGE_HTTP_PORT": "0", "FLEETGAUGE_METRICS_PORT": "0"}
    return environment(database, stack, topics, HOME=str(tmp_path), PATH=found, **ports)


def test_these_are_all() -> None:
    assert ENDLESS.keys() | STATUS.keys() <= set(ALL)
    assert len(ENDING) > 15


def test_those_that_end(variables: dict[str, str], tmp_path: Path) -> None:
    with ThreadPoolExecutor(BESIDE) as threads:
        wrong = threads.map(lambda example: ended(example, variables, tmp_path), ENDING)
    assert list(filter(None, wrong)) == []
    assert (tmp_path / "asyncapi.json").stat().st_size > 10_000


def ended(example: str, variables: dict[str, str], folder: Path) -> str | None:
    """What was wrong with the run of an example in this folder, if something was."""
    with MAINTAINING if "maintain" in example else nullcontext():
        done = subprocess.run(
            ["bash", "-c", example],
            env=variables,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == STATUS.get(example, 0) and "Traceback" not in done.stderr:
        return None
    return f"{example}: status {done.returncode}\n{done.stdout}{done.stderr}"


def test_those_that_go_on(variables: dict[str, str], tmp_path: Path) -> None:
    with ThreadPoolExecutor(BESIDE) as threads:
        wrong = threads.map(lambda example: began(example, variables, tmp_path), ENDLESS)
    assert list(filter(None, wrong)) == []


def began(example: str, variables: dict[str, str], folder: Path) -> str | None:
    """The same for one that is stopped once it runs; `exec`, so that it gets the signal itself."""
    line = example.replace("fleetgauge ", "exec fleetgauge ", 1)
    with subprocess.Popen(
        ["bash", "-c", line], env=variables, cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = []
        for said in process.stderr:
            lines.append(said)
            if ENDLESS[example] in said:
                break
        process.send_signal(signal.SIGTERM)
        lines += process.stderr
    return None if process.returncode == 0 else f"{example}: {process.returncode}\n{''.join(lines)}"
