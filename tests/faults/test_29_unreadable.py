"""One partition cannot be read: the others go on, and only the operator's word passes over it."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from aiokafka import TopicPartition

from ingest.kafka.recordbatch import LENGTH_AT, RECORDS_AT
from schemas.events import Sample
from tests.faults.deadletters import Place, dead_letters
from tests.faults.ledger import Ledger, message
from tests.faults.own_stack import OwnStack, own_stack
from tests.support.appending import appending
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, log_ends
from tests.support.stack import Stack
from tests.support.waiting import until
from tests.unit.ingest.batches import batch

pytestmark = pytest.mark.fault(29, "unreadable partition")

Environment = Callable[..., dict[str, str]]

FLEET = Fleet(3, 60, datetime.now(UTC), timedelta(minutes=1))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    with own_stack(tmp_path_factory.mktemp("own")) as up:
        yield up


@pytest.fixture
def stack(own: OwnStack) -> Stack:
    """In place of the stack that other tests use as well: the files of this broker are damaged."""
    return own.stack


def as_batch(samples: list[Sample]) -> bytes:
    return batch([msgspec.json.encode(sample) for sample in samples])


async def appended(ledger: Ledger, partition: TopicPartition, samples: list[Sample]) -> int:
    """The offset of the first of these samples, appended as one batch."""
    async with appending(ledger.stack) as appender:
        return await appender.append(partition, as_batch(samples))


async def append(ledger: Ledger, partition: TopicPartition, samples: list[Sample]) -> None:
    """Appends the samples as one batch, and enters them in the ledger."""
    first = await appended(ledger, partition, samples)
    for number, sample in enumerate(samples):
        ledger.enter(Place(partition, first + number), sample, is_refused=False)


async def append_rotten(
    own: OwnStack, ledger: Ledger, partition: TopicPartition, samples: list[Sample], at: int
) -> Place:
    """Appends a batch and flips a bit of its byte `at` on the broker's disk.

    Where its dead letter will be.
    """
    first = await appended(ledger, partition, samples)
    raw = as_batch(samples)
    with own.segment(partition).open("r+b") as segment:
        log = segment.read()
        place = log.rindex(raw[RECORDS_AT:]) - RECORDS_AT + at
        segment.seek(place)
        segment.write(bytes([log[place] ^ 0x20]))
    return Place(partition, first + len(samples) - 1)


async def to_others(ledger: Ledger, samples: list[Sample], but: TopicPartition) -> None:
    """Sends samples to every other partition of the topic."""
    numbers = [number for number in range(6) if number != but.partition]
    await ledger.put(
        replace(message(sample, ledger.topics), partition=numbers[place % 5])
        for place, sample in enumerate(samples)
    )


async def all_stored_but(ledger: Ledger, stopped: TopicPartition, offset: int) -> None:
    """Returns when every partition is stored to its end, and this one up to here."""
    ends = await log_ends(ledger.stack, [ledger.topics.samples, ledger.topics.events])

    async def probe() -> bool:
        with psycopg.connect(ledger.database) as connection:
            rows = connection.execute("select topic, partition, next_offset from ingest_offsets")
            stored = {TopicPartition(topic, number): at for topic, number, at in rows}
        return stored == {**ends, stopped: offset}

    await until(probe, "the end of the other partitions", 60)


async def test_the_others_go_on_and_only_the_damage_is_passed_over(
    own: OwnStack,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    here = TopicPartition(ledger.topics.samples, 0)
    samples = FLEET.samples(10, rng)
    await append(ledger, here, samples[:10])
    rotten = await append_rotten(own, ledger, here, samples[10:20], RECORDS_AT + 40)
    await append(ledger, here, samples[20:30])
    labels = f'{{partition="0",topic="{here.topic}"}}'
    log = tmp_path / "ingest.log"
    async with ingest_process(ingest_environment(), log) as ingest:
        await ingest.said('"partition cannot be read"')
        await to_others(ledger, samples[30:-1], here)
        await all_stored_but(ledger, here, rotten.offset - 9)
        assert await ingest.metric(f"fleetgauge_unreadable_partition{labels}") == 1
        assert await ingest.metric(f"fleetgauge_read_errors_total{labels}") >= 1
        assert f'"partition":"{here.topic}/0","offset":{rotten.offset - 9},' in ingest.log
        assert await ingest.stop() == 0
    ledger.enter(rotten, None, is_refused=True)
    async with ingest_process(ingest_environment(), log, "--skip-unreadable") as ingest:
        await ledger.all_stored()
        assert await ingest.metric(f"fleetgauge_unreadable_partition{labels}") == 0
        skipped = f'fleetgauge_skipped_batches_total{{topic="{here.topic}"}}'
        assert await ingest.metric(skipped) == 1
        assert await ingest.stop() == 0
    # The batch lies between the last record that was read and the stored offset.
    async with ingest_process(ingest_environment(), log) as ingest:
        await append(ledger, here, samples[-1:])
        await ledger.all_stored()
        assert await ingest.metric("fleetgauge_dead_letters_total") == 0
        assert await ingest.stop() == 0
    await ledger.settle()
    letter = (await dead_letters(ledger.stack, ledger.topics))[rotten]
    assert dict(letter.headers)["fleetgauge.reason"] == b"malformed"


async def test_a_batch_that_the_broker_itself_cannot_find(
    own: OwnStack,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    here = TopicPartition(ledger.topics.samples, 0)
    samples = FLEET.samples(10, rng)
    await append(ledger, here, samples[:10])
    # It is longer than its file by its length: the broker answers without data, and no error.
    rotten = await append_rotten(own, ledger, here, samples[10:20], LENGTH_AT)
    log = tmp_path / "ingest.log"
    async with ingest_process(ingest_environment(), log, "--skip-unreadable") as ingest:
        await ingest.said('"partition cannot be read"')
        await to_others(ledger, samples[20:], here)
        await all_stored_but(ledger, here, rotten.offset - 9)
        assert await ingest.stop() == 0
