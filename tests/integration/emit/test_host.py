"""`fleetgauge emit host` against the real broker."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord
from aiokafka.partitioner import DefaultPartitioner

from schemas.events import Sample
from tests.integration.emit.topics import events_of, made, reader, records
from tests.support.process import Running, fleetgauge
from tests.support.stack import Stack, Topics, environment, free_port

AGENT = "laptop@home"
IDS = ("--user", "ada", "--agent", AGENT, "--interval", "0.2")
TROUBLE = "cannot send events, retrying"


@pytest.fixture
async def ready(stack: Stack, topics: Topics) -> None:
    """The topics are there."""
    await made(stack.kafka_bootstrap, topics)


@contextmanager
def sampling(stack: Stack, topics: Topics, **more: str) -> Iterator[Running]:
    """The command as a separate process."""
    variables = environment("unused", stack, topics, **more)
    with fleetgauge(variables, "emit", "host", *IDS) as process:
        yield process


def logged(process: Running) -> list[dict[str, Any]]:
    """All lines so far, each of which is an entry of the log and no stack trace."""
    entries: list[dict[str, Any]] = [msgspec.json.decode(line) for line in process.lines]
    assert [entry for entry in entries if "exception" in entry] == []
    return entries


async def consumed(stack: Stack, topics: Topics, count: int) -> list[ConsumerRecord]:
    """The topic's first records; awaits as many as asked for."""
    async with reader(stack.kafka_bootstrap, topics.samples) as consumer:
        return [await asyncio.wait_for(consumer.getone(), 30) for _ in range(count)]


async def stopped(process: Running, number: signal.Signals) -> dict[str, Any]:
    """The last line, decoded, after this signal and exit status 0."""
    process.signal(number)
    assert await asyncio.to_thread(process.await_exit) == 0
    last = logged(process)[-1]
    assert last["event"] == "stopped"
    return last


def samples(found: list[ConsumerRecord]) -> list[Sample]:
    events = [event for record in found for event in events_of(record)]
    samples = [event for event in events if isinstance(event, Sample)]
    assert len(samples) == len(events)
    return samples


@pytest.mark.usefixtures("ready")
async def test_samples_arrive_keyed_and_valid(stack: Stack, topics: Topics) -> None:
    with sampling(stack, topics):
        found = await consumed(stack, topics, 5)
    partitions = list(range(6))
    expected = DefaultPartitioner()(AGENT.encode(), partitions, partitions)
    assert {(r.key, r.partition) for r in found} == {(AGENT.encode(), expected)}
    assert {(s.user_id, s.agent_id) for s in samples(found)} == {("ada", AGENT)}
    assert all(earlier.ts < later.ts for earlier, later in pairwise(samples(found)))


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_everything_sent(
    stack: Stack, topics: Topics, number: signal.Signals
) -> None:
    with sampling(stack, topics) as process:
        await consumed(stack, topics, 1)
        totals = await stopped(process, number)
    whole_life = ["sampling this machine", "connected to the broker", "stopped"]
    assert [entry["event"] for entry in logged(process)] == whole_life
    arrived = samples(await records(stack.kafka_bootstrap, topics.samples))
    assert totals["accepted"] == totals["acknowledged"] == len(arrived) > 0


async def test_samples_wait_for_their_topic(stack: Stack, topics: Topics) -> None:
    with sampling(stack, topics) as process:
        line = await asyncio.to_thread(process.await_line, TROUBLE)
        assert "the topic does not exist; `fleetgauge migrate` creates it" in line
        await made(stack.kafka_bootstrap, topics)
        await asyncio.to_thread(process.await_line, "sending events again")
        totals = await stopped(process, signal.SIGTERM)
    arrived = samples(await records(stack.kafka_bootstrap, topics.samples))
    assert totals["accepted"] == totals["acknowledged"] == len(arrived)
    assert arrived[0].ts.isoformat() < msgspec.json.decode(line)["timestamp"]


def test_without_a_broker_it_logs_and_still_ends(stack: Stack, topics: Topics) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with sampling(stack, topics, FLEETGAUGE_KAFKA_BOOTSTRAP=nowhere) as process:
        line = process.await_line(TROUBLE)
        assert msgspec.json.decode(line)["event"] == f"{TROUBLE}: no broker answers at {nowhere}"
        totals = asyncio.run(stopped(process, signal.SIGTERM))
    assert totals["waiting"] == totals["accepted"]
    assert totals["acknowledged"] == 0


@pytest.mark.parametrize("ids", [("a b", "laptop"), ("ada", "")])
def test_wrong_ids_end_it_with_2(stack: Stack, topics: Topics, ids: tuple[str, str]) -> None:
    variables = environment("unused", stack, topics)
    with fleetgauge(variables, "emit", "host", "--user", ids[0], "--agent", ids[1]) as process:
        assert process.await_exit() == 2
    assert "takes 1 to 128 of A-Z a-z 0-9" in process.output
    assert "Traceback" not in process.output
