"""The emitter on the real broker: everything arrives, decodable, where it belongs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.partitioner import DefaultPartitioner

from emit import Background, Emitter, Encoding, Sample, Status, Totals
from schemas.events import Event
from tests.integration.emit.topics import events_of, made, records
from tests.support.stack import Stack, Topics
from tests.unit.emit.events import ONE_OF_EACH, a_payment, a_sample

LIMIT_BYTES = 1024**2
PARTITIONS = list(range(6))
Make = Callable[..., Awaitable[Emitter]]


@pytest.fixture
def emitter_on(stack: Stack, topics: Topics) -> Make:
    """Makes an emitter to this test's topics, which exist then."""

    async def make(**options: Any) -> Emitter:
        await made(stack.kafka_bootstrap, topics)
        names = {"samples_topic": topics.samples, "events_topic": topics.events}
        defaults = {"user_id": "ada", "interval_s": None, **names}
        return Emitter(stack.kafka_bootstrap, **{**defaults, **options})

    return make


async def arrived(stack: Stack, topic: str) -> list[Event]:
    found = await records(stack.kafka_bootstrap, topic)
    return [event for record in found for event in events_of(record)]


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_all_types_arrive(
    emitter_on: Make, stack: Stack, topics: Topics, encoding: Encoding
) -> None:
    async with await emitter_on(encoding=encoding) as emitter:
        for event in ONE_OF_EACH:
            emitter.send(event)
    assert emitter.totals == Totals(accepted=8, acknowledged=8)
    assert await arrived(stack, topics.samples) == ONE_OF_EACH[:1]
    assert await arrived(stack, topics.events) == ONE_OF_EACH[1:]


async def test_keys_and_partitions_are_those_of_java(
    emitter_on: Make, stack: Stack, topics: Topics
) -> None:
    async with await emitter_on() as emitter:
        for n in range(50):
            emitter.send(a_sample(agent_id=f"agent-{n}"))
    found = await records(stack.kafka_bootstrap, topics.samples)
    assert len(found) == 50
    place = DefaultPartitioner()
    assert all(r.partition == place(r.key, PARTITIONS, PARTITIONS) for r in found)
    assert all(r.key.decode() == e.agent_id for r in found for e in samples(events_of(r)))


def samples(events: list[Event]) -> list[Sample]:
    return [event for event in events if isinstance(event, Sample)]


async def test_closing_loses_nothing_and_batches_keep_to_the_limits(
    emitter_on: Make, stack: Stack, topics: Topics
) -> None:
    reason = "ö" * 500
    start = datetime(2026, 3, 1, tzinfo=UTC)
    async with await emitter_on(capacity=30_000) as emitter:
        for n in range(12_000):
            emitter.send(a_payment(payment_id=f"p{n}"))
            emitter.send(a_sample(ts=start + timedelta(seconds=n)))
        for n in range(1_000):
            ts = start + timedelta(seconds=n)
            emitter.send(a_status(ts, reason))
    assert emitter.totals == Totals(accepted=25_000, acknowledged=25_000)
    for topic, number in ((topics.samples, 12_000), (topics.events, 13_000)):
        found = await records(stack.kafka_bootstrap, topic)
        events = [event for record in found for event in events_of(record)]
        assert len({repr(event) for event in events}) == len(events) == number
        assert max(len(events_of(record)) for record in found) == 1_000
        assert max(len(record.value) for record in found) < LIMIT_BYTES
        times = [event.ts for event in samples(events)]
        assert times == sorted(times)


def a_status(ts: datetime, reason: str) -> Event:
    return Status(user_id="ada", agent_id="mailer", ts=ts, status="failed", reason=reason)


async def test_own_samples_say_what_the_process_did(
    emitter_on: Make, stack: Stack, topics: Topics
) -> None:
    emitter = await emitter_on(interval_s=0.1, agent_id="mailer")
    log = logging.getLogger(f"agent-{uuid4().hex}")
    log.addHandler(emitter.error_counter)

    @emitter.meter.counted
    async def handle(number: int) -> None:
        await asyncio.sleep(0.01)
        if number % 10 == 0:
            log.error("number %d cannot be handled", number)
            raise ValueError(number)

    async with emitter:
        outcomes = [handle(number) for number in range(1, 41)]
        await asyncio.gather(*outcomes, return_exceptions=True)
        log.error("and another")
    own = samples(await arrived(stack, topics.samples))
    assert (sum(s.messages for s in own), sum(s.errors for s in own)) == (40, 5)
    assert {(s.user_id, s.agent_id) for s in own} == {("ada", "mailer")}
    assert all(s.response_ms is None or s.response_ms >= 10 for s in own)
    assert all(0 < (s.memory or 0) < 100 for s in own)


async def test_a_thread_without_a_loop_sends_as_well(
    emitter_on: Make, stack: Stack, topics: Topics
) -> None:
    emitter = await emitter_on()
    await asyncio.to_thread(send_from_a_thread, emitter)
    assert emitter.totals == Totals(accepted=3_000, acknowledged=3_000)
    assert len(await arrived(stack, topics.events)) == 3_000


def send_from_a_thread(emitter: Emitter) -> None:
    with Background(emitter):
        for n in range(3_000):
            emitter.send(a_payment(payment_id=f"p{n}"))


async def test_what_was_sent_before_the_start_arrives(
    emitter_on: Make, stack: Stack, topics: Topics
) -> None:
    emitter = await emitter_on()
    emitter.send(a_payment())
    async with emitter:
        pass
    assert await arrived(stack, topics.events) == [a_payment()]


async def test_dropped_samples_leave_their_counts_to_the_next(
    emitter_on: Make, stack: Stack, topics: Topics
) -> None:
    emitter = await emitter_on(capacity=10)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for n in range(100):
        emitter.send(a_sample(ts=start + timedelta(seconds=n), messages=n))
    async with emitter:
        pass
    own = samples(await arrived(stack, topics.samples))
    assert emitter.totals == Totals(accepted=100, acknowledged=10, dropped_samples=90)
    assert sum(sample.messages for sample in own) == sum(range(100))


async def test_options_of_the_client_reach_it(
    emitter_on: Make, stack: Stack, topics: Topics
) -> None:
    async with await emitter_on(client={"compression_type": "gzip"}) as emitter:
        emitter.send(a_payment())
    assert await arrived(stack, topics.events) == [a_payment()]


async def test_topics_that_are_made_late_get_everything(
    emitter_on: Make, stack: Stack, topics: Topics
) -> None:
    names = {"samples_topic": topics.samples, "events_topic": topics.events}
    options: dict[str, Any] = {"interval_s": None, "close_timeout_s": 30.0, **names}
    async with Emitter(stack.kafka_bootstrap, "ada", **options) as emitter:
        emitter.send(a_payment())
        await made(stack.kafka_bootstrap, topics)
    assert await arrived(stack, topics.events) == [a_payment()]
