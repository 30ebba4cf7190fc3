"""The database cut off, and frozen, while records arrive."""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.reading.openconsumer import SESSION_TIMEOUT_MS
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, all_stored, check_exact, produce
from tests.support.proxy import Trap, proxy_to
from tests.support.stack import Stack, Topics
from tests.support.waiting import until

Environment = Callable[..., dict[str, str]]

FLEET = Fleet(3, 100, datetime.now(UTC), timedelta(minutes=1))


async def test_a_database_that_is_away_is_waited_for(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    samples = FLEET.samples(30, random.Random(1))
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through), tmp_path / "ingest.log") as ingest,
    ):
        await ingest.said('"claimed"')
        await produce(stack, made_topics, samples[:1_000])
        await all_stored(stack, database, made_topics)

        proxy.refuse()
        await produce(stack, made_topics, samples[1_000:2_000])
        await ingest.said('"step":"write"', times=3)
        proxy.accept()
        await all_stored(stack, database, made_topics)

        proxy.freeze()
        frozen_at = time.monotonic()
        await produce(stack, made_topics, samples[2_000:])
        # Longer than a member of the group lives without a sign of life.
        await until(lambda: passed(frozen_at, SESSION_TIMEOUT_MS / 1000 + 1), "its end", 60)
        proxy.thaw()
        await all_stored(stack, database, made_topics)

        assert await ingest.metric('fleetgauge_retries_total{step="write"}') >= 3
        assert await ingest.metric("fleetgauge_fenced_total") == 0
        assert ingest.log.count('"claimed"') == 1
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    check_exact(database, samples)


async def passed(since: float, seconds: float) -> bool:
    return time.monotonic() - since > seconds


async def test_a_stop_does_not_wait_for_a_database_that_is_frozen(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    samples = FLEET.samples(1, random.Random(1))
    hasty = {"FLEETGAUGE_DRAIN_TIMEOUT_MS": "500", "FLEETGAUGE_CLAIM_PATIENCE_MS": "500"}
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through, **hasty), tmp_path / "ingest.log") as ingest,
    ):
        await ingest.said('"claimed"')
        trap = proxy.client_trap = Trap(b"PGCOPY\n")
        await produce(stack, made_topics, samples)
        await trap.sprung.wait()
        proxy.freeze()
        assert await asyncio.wait_for(ingest.stop(), 15) == 0
        assert '"step abandoned"' in ingest.log
        assert "Traceback" not in ingest.log
    async with ingest_process(ingest_environment(), tmp_path / "next.log") as ingest:
        await all_stored(stack, database, made_topics)
        assert await ingest.stop() == 0
    check_exact(database, samples)
