"""`fleetgauge emit fleet` against the real broker."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner

from emit.simulation.fleet import SimulatedFleet
from emit.simulation.history import history
from emit.simulation.moments import SECOND_US, micros
from emit.simulation.scenario import Words, scenario
from schemas.events import MAX_EVENTS_A_MESSAGE, Event, Sample
from tests.integration.emit.topics import events_of, made, records
from tests.support.oracle import log_ends
from tests.support.process import Running, fleetgauge
from tests.support.stack import Stack, Topics, environment, free_port
from tests.unit.emit.simulation.fleets import LIMIT

HISTORY = ("--agents", "4", "--users", "2", "--backfill", "1d", "--interval", "60")


@pytest.fixture
def variables(stack: Stack, topics: Topics) -> dict[str, str]:
    return environment("unused", stack, topics)


@pytest.fixture
async def ready(stack: Stack, topics: Topics) -> None:
    """The topics are there."""
    await made(stack.kafka_bootstrap, topics)


def key(event: Event) -> bytes:
    return (event.agent_id if isinstance(event, Sample) else event.user_id).encode()


def expected(start: datetime) -> Counter[bytes]:
    """What the command's options stand for."""
    words = Words(agents=4, users=2, interval_s=60, backfill="1d", duration="0s")
    of = scenario(msgspec.structs.replace(words, start=start.isoformat()), start, LIMIT)
    fleet = SimulatedFleet(of.seed, of.agents, of.users, of.interval_us)
    return Counter(
        msgspec.json.encode(event)
        for stage in history(fleet, of)
        for portion in stage.events
        for event in portion
    )


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_a_history_arrives_whole_and_keyed(
    variables: dict[str, str], stack: Stack, topics: Topics, encoding: str
) -> None:
    start = datetime.now(UTC)
    words = (*HISTORY, "--duration", "0s", "--format", encoding, "--start", start.isoformat())
    with fleetgauge(variables, "emit", "fleet", *words) as process:
        assert await asyncio.to_thread(process.await_exit) == 0
    found = {
        name: await records(stack.kafka_bootstrap, name) for name in (topics.samples, topics.events)
    }
    events: Counter[bytes] = Counter()
    for name, partitions in ((topics.samples, 6), (topics.events, 3)):
        for record in found[name]:
            inside = events_of(record)
            assert {key(event) for event in inside} == {record.key}
            assert record.partition == _place(record.key, partitions)
            assert len(inside) <= MAX_EVENTS_A_MESSAGE
            assert all(isinstance(e, Sample) is (name == topics.samples) for e in inside)
            events.update(msgspec.json.encode(event) for event in inside)
    assert events == expected(start)
    assert max(len(events_of(record)) for record in found[topics.samples]) > 100


def _place(key: bytes, partitions: int) -> int:
    numbers = list(range(partitions))
    place: int = DefaultPartitioner()(key, numbers, numbers)
    return place


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_everything_sent(
    variables: dict[str, str], stack: Stack, topics: Topics, number: signal.Signals
) -> None:
    with fleetgauge(variables, "emit", "fleet", "--interval", "0.2") as process:
        await asyncio.to_thread(process.await_line, "connected to the broker")
        process.signal(number)
        assert await asyncio.to_thread(process.await_exit) == 0
    totals = last(process)
    assert totals["unacknowledged"] == 0
    stored = [
        event
        for name in (topics.samples, topics.events)
        for record in await records(stack.kafka_bootstrap, name)
        for event in events_of(record)
    ]
    assert len(stored) == totals["acknowledged"] > 0


@pytest.mark.usefixtures("ready")
async def test_the_present_is_sent_as_it_comes(
    variables: dict[str, str], stack: Stack, topics: Topics
) -> None:
    start = datetime.now(UTC)
    words = ("--agents", "3", "--users", "1", "--interval", "0.5", "--duration", "3s")
    with fleetgauge(variables, "emit", "fleet", *words, "--start", start.isoformat()) as process:
        assert await asyncio.to_thread(process.await_exit) == 0
    found = await records(stack.kafka_bootstrap, topics.samples)
    begin_us = micros(start)
    live = SimulatedFleet(1, 3, 1, SECOND_US // 2).events(begin_us, begin_us + 3 * SECOND_US)
    expected = Counter(msgspec.json.encode(e) for e in live if isinstance(e, Sample))
    assert Counter(msgspec.json.encode(e) for r in found for e in events_of(r)) == expected
    # Not all at the end.
    assert len({record.timestamp for record in found}) > 2


async def test_it_waits_for_its_topics(
    variables: dict[str, str], stack: Stack, topics: Topics
) -> None:
    with fleetgauge(variables, "emit", "fleet", *HISTORY, "--duration", "0s") as process:
        line = await asyncio.to_thread(process.await_line, "cannot send events")
        assert "`fleetgauge migrate` creates it" in line
        await made(stack.kafka_bootstrap, topics)
        assert await asyncio.to_thread(process.await_exit) == 0
    ends = await log_ends(stack, [topics.samples])
    assert sum(ends.values()) > 0
    assert last(process)["unacknowledged"] == 0


def test_without_a_broker_it_logs_and_still_ends(variables: dict[str, str]) -> None:
    variables["FLEETGAUGE_KAFKA_BOOTSTRAP"] = f"127.0.0.1:{free_port()}"
    with fleetgauge(variables, "emit", "fleet", *HISTORY) as process:
        line = process.await_line("cannot send events")
        assert f"no broker answers at {variables['FLEETGAUGE_KAFKA_BOOTSTRAP']}" in line
        process.signal(signal.SIGTERM)
        assert process.await_exit() == 0
    assert last(process)["unacknowledged"] > 0


def test_a_database_is_not_asked_for(variables: dict[str, str]) -> None:
    del variables["FLEETGAUGE_DATABASE_URL"]
    with fleetgauge(variables, "emit", "fleet", "--duration", "0s") as process:
        assert process.await_exit() == 0


@pytest.mark.parametrize("backfill", ["40d", "x", "-1d"])
def test_a_wrong_backfill_is_refused_with_the_limit(
    variables: dict[str, str], backfill: str
) -> None:
    del variables["FLEETGAUGE_DATABASE_URL"]
    variables["FLEETGAUGE_LATENESS_LIMIT_DAYS"] = "9"
    with fleetgauge(variables, "emit", "fleet", "--backfill", backfill) as process:
        assert process.await_exit() == 2
    assert "9 days ago" in process.output


def last(process: Running) -> dict[str, Any]:
    """The last line, decoded."""
    entry: dict[str, Any] = msgspec.json.decode(list(_json(process))[-1])
    return entry


def _json(process: Running) -> Iterator[str]:
    return (line for line in process.lines if line.startswith("{"))
