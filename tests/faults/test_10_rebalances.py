"""Consumers join and leave under load: exact, and no batch written twice."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.events import Sample
from tests.ingest_process import IngestProcess, ingest_process
from tests.oracle import Fleet, all_stored, check_exact, produce
from tests.stack import Stack, Topics

ROUNDS = 5
AT_ONCE = 2


async def _load(
    stack: Stack, topics: Topics, rng: random.Random, enough: asyncio.Event
) -> list[Sample]:
    """Samples of 200 agents, more and more of them until it is enough."""
    sent: list[Sample] = []
    newest = datetime.now(UTC)
    while not enough.is_set():
        newest += timedelta(milliseconds=50)
        samples = Fleet(4, 200, newest, timedelta(minutes=5)).samples(10, rng)
        await produce(stack, topics, samples)
        sent += samples
    return sent


async def _leave(ingest: IngestProcess) -> float:
    """Stops a consumer; how many samples it found stored already."""
    duplicates = await ingest.metric('fleetgauge_duplicates_total{type="sample"}')
    assert await ingest.stop() == 0
    return duplicates


async def test_consumers_join_and_leave_under_load(
    stack: Stack,
    database: str,
    topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    environment = ingest_environment(FLEETGAUGE_BATCH_MAX_ROWS="500")
    enough = asyncio.Event()
    load = asyncio.create_task(_load(stack, topics, rng, enough))
    running: list[IngestProcess] = []
    duplicates = 0.0
    async with AsyncExitStack() as processes:
        for number in range(ROUNDS):
            log = tmp_path / f"{number}.log"
            ingest = await processes.enter_async_context(ingest_process(environment, log))
            running.append(ingest)
            await ingest.said('"claimed"')
            if len(running) > AT_ONCE:
                duplicates += await _leave(running.pop(rng.randrange(len(running))))
        enough.set()
        samples = await load
        await all_stored(stack, database, topics)
        for ingest in running:
            duplicates += await _leave(ingest)
    check_exact(database, samples)
    assert duplicates == 0
