"""A claim is compared again with its log and with a real table, every so many seconds."""

import asyncio
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest.database import Pool
from ingest.interfaces import RecordSource
from ingest.kafka.logidentity import LogChangedError, LogIdentity
from ingest.reading.claimer import Assignment, PartitionClaimer
from ingest.reading.claimverifier import CHECK_EVERY_S, ClaimVerifier
from ingest.reading.positions import Positions
from ingest.reading.progressreport import ProgressReport
from ingest.writing import offsets
from ingest.writing.offsets import StaleClaimError
from tests.support.waiting import until
from tests.unit.ingest.records import identity

A, B = TopicPartition("s", 0), TopicPartition("s", 1)
LOG = identity()


class Logs:
    """Stands for the fetcher: says which logs there are, while `answers` is set."""

    def __init__(self) -> None:
        self.known: dict[TopicPartition, LogIdentity] = {A: LOG, B: LOG}
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def identities(self, partitions: Any) -> dict[TopicPartition, LogIdentity]:
        self.asked += 1
        await self.answers.wait()
        return self.known


class Bench:
    """A recheck of one assignment, of which each partition is stored to offset 5."""

    def __init__(self, pool: Pool, assignment: Assignment) -> None:
        self.logs = Logs()
        self._pool = pool
        self._assignment = assignment
        self._progress = ProgressReport(lambda: None)
        self._progress.start(assignment.claims)

    def recheck(self, every_s: float = CHECK_EVERY_S) -> ClaimVerifier:
        claimer = PartitionClaimer(self._pool, 1.0, accept_gap=False)
        source = cast(RecordSource, self.logs)
        return ClaimVerifier(source, claimer, self._assignment, self._progress, every_s)


@pytest.fixture
async def bench(pool: Pool, connection: AsyncConnection[Any]) -> Bench:
    claims = {p: await offsets.claim(connection, p, 5, LOG) for p in (A, B)}
    positions = Positions(claims, dict.fromkeys(claims, (0, 9)))
    return Bench(pool, Assignment(claims, positions, dict.fromkeys(claims, LOG)))


async def test_all_as_it_was(bench: Bench) -> None:
    await bench.recheck().check()
    assert bench.logs.asked == 1


async def test_it_checks_again_and_again(bench: Bench) -> None:
    running = asyncio.create_task(bench.recheck(every_s=0.01).run())

    async def checked_often() -> bool:
        return bench.logs.asked > 3

    await until(checked_often, "several checks", 60)
    bench.logs.known = {A: LOG, B: identity(topic=2)}
    with pytest.raises(LogChangedError, match="s/1"):
        await asyncio.wait_for(running, 10)


async def test_a_log_without_a_leader_shows_nothing(bench: Bench) -> None:
    bench.logs.known = {A: LOG}
    await bench.recheck().check()


async def test_a_database_that_went_back(bench: Bench, connection: AsyncConnection[Any]) -> None:
    await connection.execute("update ingest_offsets set next_offset = 3 where partition = 1")
    with pytest.raises(StaleClaimError, match="s/1"):
        await bench.recheck().check()


async def test_a_broker_that_is_silent_hides_nothing_of_the_database(
    bench: Bench, connection: AsyncConnection[Any]
) -> None:
    bench.logs.answers.clear()
    await connection.execute("delete from ingest_offsets")
    with pytest.raises(StaleClaimError):
        await bench.recheck(every_s=0.2).check()


async def test_a_database_that_is_away_shows_nothing(bench: Bench, pool: Pool) -> None:
    await pool.close()
    await bench.recheck().check()
