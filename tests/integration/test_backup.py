"""docs/operators/backup.md followed: the database is lost and restored, and ingest reads on."""

import asyncio
import random
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
import pytest

from deploy.local import docker
from ingest.admin.topics import create_topics
from schemas.events import Event
from schemas.settings import KafkaSettings
from tests.faults.identity import ONCE, Key, entity, row, stored_rows
from tests.faults.ledger import Ledger, open_ledger
from tests.faults.load import Business
from tests.support.aggregates import check_aggregates
from tests.support.backups import BackedUp, backed_up_server, commands
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.process import fleetgauge
from tests.support.stack import Stack, Topics, environment, migrate

pytestmark = pytest.mark.skipif(
    docker.answers(), reason="its servers are Debian's, in root folders"
)

TARGET: Final = "2026-03-10 14:30:00+00"
PARTS: Final = 4
NOW: Final = datetime.now(UTC)
MINUTE: Final = timedelta(minutes=1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BackedUp]:
    """With a migrated database `fleetgauge`."""
    with backed_up_server(tmp_path) as up:
        migrate(up.url)
        yield up


@pytest.fixture
def variables(server: BackedUp, stack: Stack, topics: Topics) -> dict[str, str]:
    """The environment of Fleetgauge's commands, whose topics are there."""
    create_topics(
        KafkaSettings(
            kafka_bootstrap=stack.kafka_bootstrap,
            samples_topic=topics.samples,
            events_topic=topics.events,
            deadletter_topic=topics.deadletter,
        )
    )
    return environment(server.url, stack, topics)


@pytest.fixture
async def ledger(
    server: BackedUp, stack: Stack, topics: Topics, variables: dict[str, str]
) -> AsyncIterator[Ledger]:
    """What is sent in this test."""
    async with open_ledger(stack, server.url, topics, lambda _: None) as opened:
        yield opened


@pytest.fixture
def parts() -> list[list[Event]]:
    """What is stored before the backup, sent while it is made, after it, and during the outage.

    Agents of each part are unknown before it.
    """
    rng = random.Random(7)
    business = Business(rng)
    fleets = [Fleet(3, 40 * n, NOW - n * MINUTE, PARTS * MINUTE) for n in range(1, PARTS + 1)]
    return [[*fleet.samples(20, rng), *business.events(150)] for fleet in fleets]


async def test_a_dump_and_the_topics_are_all_that_is_needed(
    server: BackedUp,
    ledger: Ledger,
    variables: dict[str, str],
    parts: list[list[Event]],
    tmp_path: Path,
) -> None:
    dump, restore = commands("A dump")
    async with ingest_process(variables, tmp_path / "before.log") as ingest:
        await _store(ledger, parts[0])
        await asyncio.gather(ledger.send(parts[1]), asyncio.to_thread(server.do, dump))
        await _store(ledger, parts[2])
        assert await ingest.stop() == 0
    await ledger.send(parts[3])
    before = once(stored(server))

    await asyncio.to_thread(server.do, restore)

    assert once(rows(parts[0])) <= once(stored(server)) < before
    await _go_on_as_the_page_says(ledger, variables, tmp_path)
    assert stored(server) == rows([event for part in parts for event in part])
    check_aggregates(server.url)


async def test_a_moment_of_the_archive_and_the_topics_are_all_that_is_needed(
    server: BackedUp,
    ledger: Ledger,
    variables: dict[str, str],
    parts: list[list[Event]],
    tmp_path: Path,
) -> None:
    folder, base, restore = commands("A base backup and the WAL")
    (settings,) = commands("A base backup and the WAL", "ini")
    assert restore.count(TARGET) == 1
    server.do(folder)
    server.restart_with(settings)
    async with ingest_process(variables, tmp_path / "before.log") as ingest:
        await asyncio.gather(ledger.send(parts[0]), asyncio.to_thread(server.do, base))
        await _store(ledger, parts[1])
        moment, then = server.now(), stored(server)
        await _store(ledger, parts[2])
        await asyncio.to_thread(server.archive_all)
        assert await ingest.stop() == 0
    await ledger.send(parts[3])

    await asyncio.to_thread(server.do, restore.replace(TARGET, moment))

    assert stored(server) == then == rows([*parts[0], *parts[1]])
    await _go_on_as_the_page_says(ledger, variables, tmp_path)
    assert stored(server) == rows([event for part in parts for event in part])
    check_aggregates(server.url)


async def _store(ledger: Ledger, events: Sequence[Event]) -> None:
    await ledger.send(events)
    await ledger.all_stored()


async def _go_on_as_the_page_says(ledger: Ledger, variables: dict[str, str], folder: Path) -> None:
    migrates, examines, starts = commands("After any restore")[0].splitlines()
    assert starts == "systemctl start fleetgauge-ingest fleetgauge-serve"
    await asyncio.to_thread(_run, variables, migrates)
    # On a busy machine much may be late; that the topics miss nothing must be reported.
    output = await asyncio.to_thread(_run, variables, examines)
    assert "lag" in output
    assert not re.search("^problem +lag", output, re.M), output
    async with ingest_process(variables, folder / "after.log") as ingest:
        await ledger.all_stored()
        assert await ingest.stop() == 0


def _run(variables: dict[str, str], line: str) -> str:
    name, *words = line.split()
    assert name == "fleetgauge"
    with fleetgauge(variables, *words) as process:
        assert process.await_exit() != 2
        return process.output


def stored(server: BackedUp) -> set[Key]:
    """Every row that the tables hold of what was sent."""
    with psycopg.connect(server.url, options="-c timezone=UTC") as connection:
        return stored_rows(connection)


def rows(events: Sequence[Event]) -> set[Key]:
    """The rows that these events should have left."""
    of_one: dict[Key, list[Event]] = defaultdict(list)
    for event in events:
        of_one[entity(event)].append(event)
    return {row(found) for found in of_one.values()}


def once(of: set[Key]) -> set[Key]:
    """Those that nothing changes which is sent later."""
    return {key for key in of if key[0] in ONCE}
