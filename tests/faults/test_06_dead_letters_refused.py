"""The dead-letter topic cannot be written: ingest stalls and says so, and its offset stays."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.admin.topics import create_topics
from schemas.runtime.exits import STALLED
from schemas.settings import KafkaSettings
from tests.faults.ledger import Ledger, Message
from tests.support.ingest_process import ingest_process
from tests.support.kafka import alter, delete
from tests.support.oracle import Fleet
from tests.support.stack import Stack, Topics

pytestmark = pytest.mark.fault(6, "dead letters cannot be written")

Environment = Callable[..., dict[str, str]]
Change = Callable[[Stack, Topics], Awaitable[None]]

FLEET = Fleet(3, 50, datetime.now(UTC), timedelta(minutes=1))


async def _set(stack: Stack, topics: Topics, **config: str) -> None:
    settings = {name.replace("_", "."): value for name, value in config.items()}
    await alter(stack, topics.deadletter, settings)


async def too_small(stack: Stack, topics: Topics) -> None:
    await _set(stack, topics, max_message_bytes="1000")


async def as_before(stack: Stack, topics: Topics) -> None:
    await _set(stack, topics, max_message_bytes="4210688")


async def gone(stack: Stack, topics: Topics) -> None:
    await delete(stack, topics.deadletter)


async def made_again(stack: Stack, topics: Topics) -> None:
    kafka = KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )
    assert await asyncio.to_thread(create_topics, kafka) == 0


TROUBLES: dict[str, tuple[Change, Change]] = {
    "too small": (too_small, as_before),
    "no such topic": (gone, made_again),
}


def bad(topics: Topics) -> Message:
    # Dead letters are compressed; this cannot be.
    noise = random.Random(6).randbytes(5_000)
    return Message(topics.samples, noise, b"k", [None], partition=0)


def stored_offset(database: str, topics: Topics) -> int:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select next_offset from ingest_offsets where (topic, partition) = (%s, 0)",
            [topics.samples],
        ).fetchall()
    return int(rows[0][0])


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_it_stalls_says_so_and_goes_on(
    trouble: str, database: str, ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    topics = ledger.topics
    damage, repair = TROUBLES[trouble]
    samples = FLEET.samples(10, random.Random(1))
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.send(samples[:100])
        await ledger.all_stored()
        before = stored_offset(database, topics)
        await damage(ledger.stack, topics)
        await ledger.put([bad(topics)])
        await ledger.send(samples[100:])
        await ingest.said('"step":"dead_letters"', times=2)
        assert stored_offset(database, topics) == before
        assert await ingest.metric('fleetgauge_retries_total{step="dead_letters"}') >= 2
        await repair(ledger.stack, topics)
        await ledger.all_stored()
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    await ledger.settle()


async def test_the_watchdog_ends_what_stays_so(
    database: str, ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    topics = ledger.topics
    impatient: dict[str, Any] = {"FLEETGAUGE_STALL_TIMEOUT_MS": "4000"}
    async with ingest_process(ingest_environment(**impatient), tmp_path / "1.log") as ingest:
        await ingest.said('"claimed"')
        await too_small(ledger.stack, topics)
        await ledger.put([bad(topics)])
        await ledger.send(FLEET.samples(10, random.Random(1)))
        assert await asyncio.wait_for(ingest.wait(), 60) == STALLED
        assert '"reason":"no progress"' in ingest.log
    assert stored_offset(database, topics) == 0
    await as_before(ledger.stack, topics)
    async with ingest_process(ingest_environment(), tmp_path / "2.log") as ingest:
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.settle()
