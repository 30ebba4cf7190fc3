"""Two writers make the same chunks while these are dropped: tried again, never dead-lettered."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import AsyncConnection

from schemas.events import Sample
from tests.faults.account import Account
from tests.faults.deadletters import dead_letters
from tests.faults.ledger import Ledger
from tests.faults.plugin import Case
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.oracle import Fleet
from tests.support.stack import Stack

# Raw samples go that no refresh has reached.

pytestmark = [
    pytest.mark.edition("apache"),
    pytest.mark.fault(12, "same chunk, beside drop_chunks"),
]

DAY = timedelta(days=1)
AGENTS = 60
RETRIES = 'fleetgauge_retries_total{step="write"}'
# So many more where no writer has met a chunk that was being dropped yet.
MORE_ROUNDS = 60
# Days are for good: what was stored is counted there, also where its samples are dropped.
STORED = """
    select user_id, agent_id, bucket, samples
    from agent_metrics_1d join agents using (agent_key)
"""


def late_samples(place: int, rng: random.Random) -> list[Sample]:
    """Each agent's few, of some days three weeks ago; no two of one time."""
    now = datetime.now(UTC).replace(microsecond=place)
    fleet = Fleet(4, AGENTS, now, timedelta(seconds=1)).samples(30, rng)
    return [
        msgspec.structs.replace(sample, ts=sample.ts - rng.randint(21, 24) * DAY)
        for sample in fleet
    ]


async def drop_on(database: str, until: asyncio.Event) -> int:
    """Drops chunks that writers are at, without a pause; how many."""
    dropped = 0
    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        while not until.is_set():
            try:
                cursor = await connection.execute(
                    "select drop_chunks('agent_samples', older_than => interval '20 days')"
                )
                dropped += cursor.rowcount
            except psycopg.errors.DeadlockDetected:
                continue
    return dropped


async def retries(*writers: IngestProcess) -> float:
    return sum([await writer.metric(RETRIES) for writer in writers])


def days(samples: list[Sample]) -> Counter[tuple[str, str, datetime]]:
    """How many samples each agent has of each UTC day."""
    return Counter((s.user_id, s.agent_id, midnight(s.ts)) for s in samples)


def midnight(ts: datetime) -> datetime:
    return ts.replace(hour=0, minute=0, second=0, microsecond=0)


def stored_days(database: str) -> Counter[tuple[str, str, datetime]]:
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        rows = connection.execute(STORED).fetchall()
    return Counter({(user, agent, day): samples for user, agent, day, samples in rows})


async def test_writers_that_meet_a_dropped_chunk_try_again(
    case: Case,
    stack: Stack,
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    sent: list[Sample] = []
    environment = ingest_environment(FLEETGAUGE_BATCH_MAX_ROWS="200")
    done = asyncio.Event()
    async with (
        ingest_process(environment, tmp_path / "first.log") as first,
        ingest_process(environment, tmp_path / "second.log") as second,
    ):
        await first.said('"claimed"')
        await second.said('"claimed"')
        dropping = asyncio.create_task(drop_on(database, done))
        wanted = case.rounds(short=2, long=20)
        for place in range(wanted + MORE_ROUNDS):
            samples = late_samples(place, rng)
            await ledger.send(samples)
            sent += samples
            await ledger.all_stored()
            met = await retries(first, second) > 0 or "refused" in first.log + second.log
            if place + 1 >= wanted and met:
                break
        done.set()
        assert await dropping > 0
        # A batch that is taken for refused is not tried again: it is searched for what is.
        assert "refused" not in first.log + second.log
        assert await retries(first, second) > 0
        assert await first.stop() == 0
        assert await second.stop() == 0
    letters = await dead_letters(stack, ledger.topics)
    expected, stored = days(sent), stored_days(database)
    lost, doubled = (expected - stored).total(), (stored - expected).total()
    case.record(Account(len(sent), stored.total(), len(letters), lost, doubled))
    assert (len(letters), lost, doubled) == (0, 0, 0)
