"""`fleetgauge emit host` against the real broker."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.partitioner import DefaultPartitioner

from ingest.topics import create_topics
from schemas.events import Message, Sample
from schemas.settings import KafkaSettings
from tests.stack import REPOSITORY, Stack, Topics, environment, free_port

INTERVAL_S = 0.2
AGENT = "laptop@home"


def settings(stack: Stack, topics: Topics) -> KafkaSettings:
    return KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )


@asynccontextmanager
async def sampling(stack: Stack, topics: Topics, **more: str) -> AsyncIterator[Process]:
    """The command as a process of its own; its log lines are on `stderr`."""
    ids = ("--user", "ada", "--agent", AGENT, "--interval", str(INTERVAL_S))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(REPOSITORY / "fleetgauge.py"), "emit", "host", *ids),
        env=environment("unused", stack, topics, **more),
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def logged(process: Process, event: str) -> dict[str, Any]:
    """The next log line that tells of `event`."""
    assert process.stderr is not None
    async for line in process.stderr:
        entry: dict[str, Any] = msgspec.json.decode(line)
        if entry["event"] == event:
            return entry
    raise AssertionError(f"the process ended without {event!r}")


async def ended(process: Process, number: signal.Signals) -> tuple[int | None, list[str]]:
    """Exit status after this signal, and the logged events that nobody read yet."""
    process.send_signal(number)
    _, rest = await process.communicate()
    return process.returncode, [msgspec.json.decode(line)["event"] for line in rest.splitlines()]


async def consumed(stack: Stack, topic: str, count: int) -> list[ConsumerRecord]:
    """The topic's first records; awaits as many as asked for."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=stack.kafka_bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def test_samples_arrive_keyed_and_valid(stack: Stack, topics: Topics) -> None:
    await asyncio.to_thread(create_topics, settings(stack, topics))
    async with sampling(stack, topics):
        records = await consumed(stack, topics.samples, 5)
    partitions = list(range(6))
    expected = DefaultPartitioner()(AGENT.encode(), partitions, partitions)
    assert {(r.key, r.partition) for r in records} == {(AGENT.encode(), expected)}
    samples = [msgspec.json.decode(r.value, type=Message) for r in records]
    assert all(isinstance(s, Sample) and (s.user_id, s.agent_id) == ("ada", AGENT) for s in samples)
    times = [s.ts for s in samples if isinstance(s, Sample)]
    assert all(earlier < later for earlier, later in pairwise(times))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_everything_sent(
    stack: Stack, topics: Topics, number: signal.Signals
) -> None:
    await asyncio.to_thread(create_topics, settings(stack, topics))
    async with sampling(stack, topics) as process:
        await consumed(stack, topics.samples, 1)
        whole_life = ["sampling this machine", "connected", "stopped"]
        assert await ended(process, number) == (0, whole_life)


async def test_samples_wait_for_their_topic(stack: Stack, topics: Topics) -> None:
    async with sampling(stack, topics) as process:
        told = await logged(process, "broker does not take samples, trying again")
        assert told["error"] == "there is no such topic; `fleetgauge migrate` creates it"
        await asyncio.to_thread(create_topics, settings(stack, topics))
        records = await consumed(stack, topics.samples, told["waiting"])
        first = msgspec.json.decode(records[0].value, type=Sample)
    assert first.ts.isoformat() < told["timestamp"]


async def test_without_a_broker_it_tells_and_still_ends(stack: Stack, topics: Topics) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    async with sampling(stack, topics, FLEETGAUGE_KAFKA_BOOTSTRAP=nowhere) as process:
        told = await logged(process, "broker does not take samples, trying again")
        assert told["error"] == "no broker answers there"
        status, events = await ended(process, signal.SIGTERM)
    assert (status, events[-1]) == (0, "stopped")
