"""A claim is compared again with its log and with a real table, every so many seconds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest import offsets
from ingest.database import Pool
from ingest.identity import LogChangedError, LogIdentity
from ingest.offsets import StaleClaimError
from ingest.positions import Positions
from ingest.recheck import CHECK_EVERY_S, Recheck
from ingest.takeover import Assignment
from tests.unit.ingest.records import identity
from tests.waiting import until

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
    """A recheck of one assignment, whose clock the test moves."""

    def __init__(self, pool: Pool, assignment: Assignment) -> None:
        self.now = 0.0
        self.logs = Logs()
        self.assignment = assignment
        self.recheck = Recheck(pool, clock=lambda: self.now)

    def look(self) -> None:
        self.recheck.look(cast(Any, self.logs), self.assignment, {A: 5, B: 5})

    async def after_a_check(self) -> None:
        """Lets a check become due, and looks until there is a result."""
        self.now += CHECK_EVERY_S
        self.look()

        async def ended() -> bool:
            return not self.recheck.is_checking

        await until(ended, "the end of the check", 10)
        self.look()


@pytest.fixture
async def bench(pool: Pool, connection: AsyncConnection[Any]) -> AsyncIterator[Bench]:
    claims = {p: await offsets.claim(connection, p, 5, LOG) for p in (A, B)}
    positions = Positions(claims, dict.fromkeys(claims, (0, 9)))
    built = Bench(pool, Assignment(claims, positions, dict.fromkeys(claims, LOG)))
    yield built
    await built.recheck.close()


async def test_all_as_it_was(bench: Bench) -> None:
    bench.look()
    assert bench.logs.asked == 0
    for number in range(1, 4):
        await bench.after_a_check()
        assert bench.logs.asked == number


async def test_another_log(bench: Bench) -> None:
    bench.logs.known = {A: LOG, B: identity(topic=2)}
    with pytest.raises(LogChangedError, match="s/1"):
        await bench.after_a_check()


async def test_a_log_without_a_leader_shows_nothing(bench: Bench) -> None:
    bench.logs.known = {A: LOG}
    await bench.after_a_check()


async def test_a_database_that_went_back(bench: Bench, connection: AsyncConnection[Any]) -> None:
    await connection.execute("update ingest_offsets set next_offset = 3 where partition = 1")
    with pytest.raises(StaleClaimError, match="s/1"):
        await bench.after_a_check()
    # Found once: what is done about it is the claim's to do.
    bench.look()


async def test_a_broker_that_is_silent_hides_nothing_of_the_database(
    bench: Bench, pool: Pool, connection: AsyncConnection[Any]
) -> None:
    bench.recheck = Recheck(pool, every_s=0.2, clock=lambda: bench.now)
    bench.logs.answers.clear()
    await connection.execute("delete from ingest_offsets")
    with pytest.raises(StaleClaimError):
        await bench.after_a_check()


async def test_a_database_that_is_away_shows_nothing(bench: Bench, pool: Pool) -> None:
    await pool.close()
    await bench.after_a_check()


async def test_what_was_found_of_an_earlier_assignment_is_dropped(bench: Bench) -> None:
    bench.logs.known = {A: identity(epoch=1)}
    earlier = bench.assignment
    bench.now += CHECK_EVERY_S
    bench.look()
    bench.assignment = Assignment(earlier.claims, earlier.positions, {A: identity(epoch=1)})
    await bench.after_a_check()
