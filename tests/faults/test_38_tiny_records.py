"""A small batch of very many invalid records: dead letters are bounded, other partitions go on."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest

from ingest.kafka.recordbatch import split
from schemas.events import Sample
from tests.faults.deadletters import Place
from tests.faults.ledger import Ledger, Message, message
from tests.faults.plugin import Case
from tests.support.appending import appending
from tests.support.ingest_process import ingest_process
from tests.support.stack import Stack
from tests.support.waiting import until
from tests.unit.ingest.batches import batch

pytestmark = pytest.mark.fault(38, "tiny invalid records")

Environment = Callable[..., dict[str, str]]

MEBIBYTE = 1024**2
# Rejected records that another partition waits for: some ingest batches, some tenths of a second.
WAITED_FOR = 20_000


async def log_bytes(stack: Stack, topic: str) -> int:
    """The bytes of a topic's only partition, as the broker has them on its disk."""
    client = AIOKafkaClient(bootstrap_servers=stack.kafka_bootstrap)
    await client.bootstrap()
    try:
        await client.add_topic(topic)
        leader = client.cluster.leader_for_partition(TopicPartition(topic, 0))
        total = at = 0
        while True:
            asked = [(topic, [(0, at, 16 * MEBIBYTE)])]
            answer = await client.send(leader, FetchRequest(0, 0, 16 * MEBIBYTE, 0, asked))
            ((_, ((_, _, end, *_, data),)),) = answer.topics
            for found in split(data):
                total += len(found)
                at = int.from_bytes(found[:8]) + int.from_bytes(found[23:27]) + 1
            if at >= end:
                return total
    finally:
        await client.close()


def stored(database: str, partition: TopicPartition) -> int:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select next_offset from ingest_offsets where (topic, partition) = (%s, %s)",
            [*partition],
        ).fetchall()
    return int(rows[0][0]) if rows else 0


async def test_dead_letters_are_small_and_other_partitions_go_on(
    case: Case, ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    tiny = 300_000 if case.is_long else 100_000
    raw = batch([b"{}"] * tiny, "gzip")
    here = TopicPartition(ledger.topics.samples, 0)
    now = datetime.now(UTC)
    good = Sample(user_id="u", agent_id="a", ts=now, cpu=1, memory=1, messages=1, errors=0)
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ingest.said('"claimed"')
        async with appending(ledger.stack) as appender:
            first = await appender.append(here, raw)
        for number in range(tiny):
            ledger.enter(Place(here, first + number), None, is_refused=True)
        await until(lambda: _is_past(ledger, here, 0), "the first of them", 60.0)
        other = Message(**{**vars(message(good, ledger.topics)), "partition": 1})
        await ledger.put([other])
        before = stored(ledger.database, here)
        await until(lambda: _is_past(ledger, TopicPartition(here.topic, 1), 0), "the other", 60.0)
        assert stored(ledger.database, here) - before < WAITED_FOR
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.settle()
    # Each has its place, its reason and the original; together a few times the batch.
    letters = await log_bytes(ledger.stack, ledger.topics.deadletter)
    assert letters < 20 * len(raw)


async def _is_past(ledger: Ledger, partition: TopicPartition, offset: int) -> bool:
    return stored(ledger.database, partition) > offset


async def test_an_array_of_invalid_events_is_there_once(
    ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    events = b'{"type":"sample","userId":"u","note":"%b"}' % (b"x" * 900)
    value = b"[" + b",".join([events] * 1_000) + b"]"
    array = Message(ledger.topics.samples, value, b"k", [None] * 1_000, is_array=True)
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.put([array])
        await ledger.all_stored()
        dead_letters = await ingest.metric('fleetgauge_dead_letters_total{reason="invalid"}')
        assert dead_letters == 1_000
        assert await ingest.stop() == 0
    await ledger.settle()
    assert await log_bytes(ledger.stack, ledger.topics.deadletter) < 2 * len(value)
