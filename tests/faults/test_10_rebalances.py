"""Consumers join and leave under load: exact, and no batch written twice."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.ledger import Ledger
from tests.faults.plugin import Case
from tests.ingest_process import IngestProcess, ingest_process
from tests.oracle import Fleet

AT_ONCE = 2

pytestmark = pytest.mark.fault(10, "consumers join and leave")


async def _load(ledger: Ledger, rng: random.Random, enough: asyncio.Event) -> None:
    """Samples of 200 agents, more and more of them until it is enough."""
    newest = datetime.now(UTC)
    while not enough.is_set():
        newest += timedelta(milliseconds=50)
        await ledger.send(Fleet(4, 200, newest, timedelta(minutes=5)).samples(10, rng))


async def test_consumers_join_and_leave_under_load(
    case: Case,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    environment = ingest_environment(FLEETGAUGE_BATCH_MAX_ROWS="500")
    enough = asyncio.Event()
    load = asyncio.create_task(_load(ledger, rng, enough))
    running: list[IngestProcess] = []
    async with AsyncExitStack() as processes:
        for number in range(case.rounds(short=5, long=50)):
            log = tmp_path / f"{number}.log"
            ingest = await processes.enter_async_context(ingest_process(environment, log))
            running.append(ingest)
            await ingest.said('"claimed"')
            if len(running) > AT_ONCE:
                assert await running.pop(rng.randrange(len(running))).stop() == 0
        enough.set()
        await load
        await ledger.all_stored()
        for ingest in running:
            assert await ingest.stop() == 0
    await ledger.settle()
