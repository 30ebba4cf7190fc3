"""The database shut down, killed and read-only, the broker restarted: memory flat, and exact."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Composable, Identifier

from tests.faults.ledger import Ledger
from tests.faults.own_stack import OwnStack, own_stack
from tests.faults.plugin import Case
from tests.faults.small_disk import SmallDisk, small_disk
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.oracle import Fleet
from tests.support.stack import Stack

Environment = Callable[..., dict[str, str]]

NOW = datetime.now(UTC)
FLEET = Fleet(4, 1_000, NOW, timedelta(minutes=1))
MEBIBYTE = 1024**2
RESUMES_WITHIN_S = 60.0
MODES = ["fast", "immediate"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    with own_stack(tmp_path_factory.mktemp("own")) as up:
        yield up


@pytest.fixture
def stack(own: OwnStack) -> Stack:
    """In place of the stack that other tests use as well."""
    return own.stack


@pytest.fixture
def disk(own: OwnStack) -> Iterator[SmallDisk]:
    """Below the database of a test that asks for it."""
    with small_disk(own, 128 * MEBIBYTE) as mounted:
        yield mounted


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Composable:
    """Where the database is: on the disk of a test that asks for one, else with all others."""
    if "disk" not in request.fixturenames:
        return SQL("")
    mounted: SmallDisk = request.getfixturevalue("disk")
    return SQL("tablespace {}").format(Identifier(mounted.tablespace))


@pytest.fixture
def empty_database(stack: Stack, place: Composable) -> str:
    """One that goes with its server: no connection has to outlive the server's shutdown."""
    name = f"test_{uuid4().hex[:16]}"
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(SQL("create database {} {}").format(Identifier(name), place))
    return urlunsplit(urlsplit(stack.database_url)._replace(path=f"/{name}"))


def let_write(database: str, server_url: str, setting: LiteralString) -> None:
    """Whether the database may be written, by all who connect from now on: the others are sent."""
    name = urlsplit(database).path[1:]
    with psycopg.connect(server_url, autocommit=True) as connection:
        change = SQL("alter database {} set default_transaction_read_only = {}")
        connection.execute(change.format(Identifier(name), SQL(setting)))
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = %s and application_name = 'fleetgauge-ingest'",
            [name],
        )


def resident(ingest: IngestProcess) -> int:
    lines = Path(f"/proc/{ingest.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


async def memory_while_it_is_away(
    ingest: IngestProcess, ledger: Ledger, rng: random.Random, rounds: int
) -> list[int]:
    """What is resident after each 8,000 samples that arrive and cannot be stored."""
    found = []
    said = ingest.log.count('"will try again"')
    for round_ in range(rounds):
        newest = NOW + timedelta(milliseconds=len(ledger.entries) // 1_000 + 1)
        await ledger.send(Fleet(4, 1_000, newest, timedelta(minutes=1)).samples(8, rng))
        await ingest.said('"will try again"', times=said + round_ + 1)
        found.append(resident(ingest))
    return found


@pytest.mark.fault(7, "database away")
async def test_a_database_that_is_shut_down(
    case: Case,
    own: OwnStack,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    small = ingest_environment(FLEETGAUGE_BATCH_MAX_ROWS="4000")
    async with ingest_process(small, tmp_path / "ingest.log") as ingest:
        await ledger.send(FLEET.samples(8, rng))
        await ledger.all_stored()
        restarts = rng.sample(MODES, case.rounds(short=1, long=2))
        for mode in restarts:
            await own.stop("database", mode)
            rounds = case.rounds(short=4, long=60)
            found = await memory_while_it_is_away(ingest, ledger, rng, rounds)
            await own.start("database")
            await ledger.all_stored(300)
            # Once the batches in hand are full, nothing is added.
            assert max(found) - found[1] < 32 * MEBIBYTE
        # Once after each restart, which may have lost something; no rebalance adds to it.
        assert ingest.log.count('"claimed"') == 1 + len(restarts)
        assert ingest.log.count('"fenced"') == len(restarts)
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    await ledger.settle()


@pytest.mark.fault(7, "database away")
async def test_a_database_that_may_not_be_written(
    own: OwnStack,
    database: str,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    later = Fleet(4, 500, NOW + timedelta(seconds=1), timedelta(minutes=1))
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.send(FLEET.samples(2, rng))
        await ledger.all_stored()
        let_write(database, own.stack.database_url, "on")
        await ledger.send(later.samples(2, rng))
        await ingest.said('"sqlstate":"25006"', times=2)
        let_write(database, own.stack.database_url, "off")
        await ledger.all_stored(300)
        assert ingest.log.count('"claimed"') == 1
        assert await ingest.stop() == 0
    await ledger.settle()


@pytest.mark.fault(7, "database away")
async def test_a_disk_that_is_full(
    disk: SmallDisk,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.send(FLEET.samples(2, rng))
        await ledger.all_stored()
        # Less than the next samples take, in rows and rollups.
        disk.fill(but_bytes=MEBIBYTE // 4)
        found = []
        for second in range(6):
            later = Fleet(4, 1_000, NOW + timedelta(seconds=second + 1), timedelta(minutes=1))
            await ledger.send(later.samples(4, rng))
            await ingest.said('"sqlstate":"53100"', times=second + 1)
            found.append(resident(ingest))
        assert max(found) - found[1] < 32 * MEBIBYTE
        disk.clear()
        await ledger.all_stored(300)
        assert ingest.log.count('"claimed"') == 1
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    await ledger.settle()


@pytest.mark.fault(9, "broker restart")
async def test_a_broker_that_is_restarted(
    case: Case,
    own: OwnStack,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.send(FLEET.samples(4, rng))
        await ledger.all_stored()
        for mode in rng.sample(MODES, case.rounds(short=1, long=2)):
            await own.stop("kafka", mode)
            await own.start("kafka")
            newest = NOW + timedelta(seconds=2 + MODES.index(mode))
            later = Fleet(4, 500, newest, timedelta(minutes=1)).samples(4, rng)
            await asyncio.wait_for(ledger.send(later), 60)
            await ledger.all_stored(RESUMES_WITHIN_S)
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    await ledger.settle()
