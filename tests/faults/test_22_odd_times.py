"""A record's timestamp that neither Python nor PostgreSQL represents ends no ingest."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from ingest.kafka.topic import TIMESTAMP_TYPE
from schemas.events import Event, Payment, Sample
from tests.faults.deadletters import Place
from tests.faults.ledger import Ledger, message
from tests.faults.plugin import Case
from tests.support.ingest_process import ingest_process
from tests.support.kafka import configure
from tests.support.stack import Stack

pytestmark = pytest.mark.fault(22, "times out of range")

NOW = datetime.now(UTC)
GREATEST = 2**63 - 1
# Of year -1199, and the greatest there is; whether a payment of today is in the future of it.
TIMESTAMPS = [(-100_000_000_000_000, True), (GREATEST, False)]


def payment(number: int) -> Payment:
    return Payment(user_id="u", payment_id=f"p{number}", ts=NOW, amount=1, currency="EUR")


def sample(number: int) -> Sample:
    return Sample(user_id="u", agent_id=f"a{number}", ts=NOW, cpu=1, memory=1, messages=1, errors=0)


async def stamp(stack: Stack, topic: str, kind: str) -> None:
    """Changes who stamps a topic's records, as an operator may; any time is taken."""
    config = {TIMESTAMP_TYPE: kind, "message.timestamp.after.max.ms": str(GREATEST)}
    await configure(stack, topic, config)


async def send(ledger: Ledger, event: Event, timestamp: int, *, is_refused: bool) -> None:
    sent = message(event, ledger.topics)
    put: Any = await ledger.producer.send_and_wait(
        sent.topic, sent.value, b"k", 0, timestamp_ms=timestamp
    )
    place = Place(TopicPartition(put.topic, put.partition), put.offset)
    ledger.enter(place, event, is_refused=is_refused)


async def test_odd_timestamps_are_dead_letters_or_rows(
    case: Case,
    ledger: Ledger,
    stack: Stack,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    topics = [ledger.topics.samples, ledger.topics.events]
    for topic in topics:
        await stamp(stack, topic, "CreateTime")
    for number, (timestamp, is_ahead) in enumerate(TIMESTAMPS):
        await send(ledger, sample(number), timestamp, is_refused=True)
        await send(ledger, payment(number), timestamp, is_refused=is_ahead)
    for topic in topics:
        await stamp(stack, topic, "LogAppendTime")
    # Twice: the second one recognises the record that the first stored last.
    for number in range(2):
        async with ingest_process(ingest_environment(), tmp_path / f"{number}.log") as ingest:
            await ledger.all_stored()
            await ledger.send([sample(10 + number), payment(10 + number)])
            await ledger.all_stored()
            assert await ingest.stop() == 0
    await ledger.settle()
