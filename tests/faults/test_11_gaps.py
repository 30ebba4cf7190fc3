"""Records are deleted before they are stored: ingest names the gap, and goes on if asked to."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.faults.ledger import Ledger
from tests.support.aggregates import check_aggregates
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, all_stored

pytestmark = pytest.mark.fault(11, "records deleted unread")

NOW = datetime.now(UTC)
FLEET = Fleet(2, 50, NOW, timedelta(minutes=1))


async def test_what_was_deleted_unread_is_named_and_counted(
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    samples = FLEET.samples(20, random.Random(1))
    here = TopicPartition(ledger.topics.samples, 0)
    async with ingest_process(ingest_environment(), tmp_path / "1.log") as ingest:
        await ledger.send(samples[:500])
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.send(samples[500:])
    last = max(e.place.offset for e in ledger.entries if e.place.partition == here)
    admin = AIOKafkaAdminClient(bootstrap_servers=ledger.stack.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_records({here: RecordsToDelete(before_offset=last)})
    finally:
        await admin.close()

    async with ingest_process(ingest_environment(), tmp_path / "2.log") as ingest:
        assert await asyncio.wait_for(ingest.wait(), 60) == 1
        assert f"is below the log's start {last}" in ingest.log
        assert "--accept-gap" in ingest.log
    async with ingest_process(ingest_environment(), tmp_path / "3.log", "--accept-gap") as ingest:
        await all_stored(ledger.stack, database, ledger.topics)
        assert await ingest.metric("fleetgauge_gaps_total") == 1
        assert await ingest.stop() == 0
    # All but what lay between: those of this partition that were sent later, less the last.
    mine = [e for e in ledger.entries if e.place.partition == here]
    stored_before = sum(e.event in samples[:500] for e in mine)
    with psycopg.connect(database) as connection:
        rows = connection.execute("select count(*) from agent_samples").fetchall()
    assert rows == [(len(samples) - (last - stored_before),)]
    check_aggregates(database)
