"""Restarts with a backlog and topics that go: the lag's figures stay, and are true."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.runtime.exits import STALLED
from tests.integration.ingest.test_ingest import minutes
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.kafka import put
from tests.support.oracle import all_stored
from tests.support.proxy import proxy_to
from tests.support.stack import Stack, Topics
from tests.support.waiting import until

pytestmark = pytest.mark.fault(31, "the lag's figures")

Environment = Callable[..., dict[str, str]]


async def partitions(ingest: IngestProcess, name: str) -> dict[tuple[str, int], float]:
    """A metric's values by topic and partition."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{ingest.port}/metrics")
    return {
        (sample.labels["topic"], int(sample.labels["partition"])): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name
    }


@asynccontextmanager
async def locked(database: str) -> AsyncIterator[None]:
    """Nobody stores a sample within; partitions can be claimed."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute("lock table agent_samples in access exclusive mode")
        yield
        await connection.rollback()


async def test_a_restart_with_a_backlog_knows_how_old_it_is(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topic, variables = made_topics.samples, ingest_environment()
    async with ingest_process(variables, tmp_path / "1.log") as ingest:
        await put(stack, topic, minutes("a", 5))
        await all_stored(stack, database, made_topics)
        assert await ingest.stop() == 0
    await put(stack, topic, minutes("b", 20))
    async with locked(database), ingest_process(variables, tmp_path / "2.log") as ingest:
        await ingest.said('"claimed"')

        async def reported() -> bool:
            records = await partitions(ingest, "fleetgauge_lag_records")
            seconds = await partitions(ingest, "fleetgauge_lag_seconds")
            return records.get((topic, 0)) == 20 and seconds.get((topic, 0), 0) > 3

        await until(reported, "20 records behind, and their age", 60)
        assert len(await partitions(ingest, "fleetgauge_lag_seconds")) == 9


async def test_a_restart_without_the_database_reports_what_waits(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topic = made_topics.samples
    async with proxy_to(database) as (proxy, through):
        variables = ingest_environment(through, FLEETGAUGE_STALL_TIMEOUT_MS="60000")
        async with ingest_process(variables, tmp_path / "1.log") as ingest:
            await put(stack, topic, minutes("a", 5))
            await all_stored(stack, database, made_topics)
            assert await ingest.stop() == 0
        await put(stack, topic, minutes("b", 20))
        proxy.refuse()
        async with ingest_process(variables, tmp_path / "2.log") as ingest:
            await ingest.said("will try again")

            async def reported() -> bool:
                records = await partitions(ingest, "fleetgauge_lag_records")
                seconds = await partitions(ingest, "fleetgauge_lag_seconds")
                return records.get((topic, 0)) == 20 and seconds.get((topic, 0), 0) > 3

            await until(reported, "20 records behind, and their age", 60)
            assert await ingest.metric("fleetgauge_assigned_partitions") == 0


async def test_who_cannot_claim_is_not_taken_for_a_spare(
    database: str, ingest_environment: Environment, tmp_path: Path
) -> None:
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute("lock table ingest_offsets in access exclusive mode")
        variables = ingest_environment(FLEETGAUGE_STALL_TIMEOUT_MS="4000")
        async with ingest_process(variables, tmp_path / "ingest.log") as ingest:
            assert await asyncio.wait_for(ingest.wait(), 60) == STALLED
            assert '"reason":"no progress"' in ingest.log
        await connection.rollback()
