"""`fleetgauge ingest` on the real broker and database."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from aiokafka import TopicPartition
from psycopg.sql import SQL, Identifier

from ingest.admin.topics import check_topics, create_topics
from ingest.batch import OffsetSpan
from ingest.writing import offsets
from schemas.settings import KafkaSettings
from tests.support.aggregates import check_aggregates
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.kafka import Put, alter, delete, found, put, set_max_bytes
from tests.support.oracle import all_stored
from tests.support.stack import Stack, Topics, environment, free_port
from tests.support.waiting import until
from tests.unit.ingest.records import identity, record

Environment = Callable[..., dict[str, str]]

NOW = datetime.now(UTC)
BUSINESS_TABLES = ["deployments", "payments", "bookings", "fans", "plays", "skill_changes"]
TIMELINE_TABLES = ["status_events", "deployment_events"]
TABLES = [
    "agents",
    "agent_samples",
    "agent_latest",
    "agent_states",
    *TIMELINE_TABLES,
    *BUSINESS_TABLES,
]


def event(kind: str, ago: timedelta = timedelta(0), **fields: Any) -> dict[str, Any]:
    return {"type": kind, "userId": "u", "ts": (NOW - ago).isoformat(), **fields}


def sample(agent: str = "a", ago: timedelta = timedelta(0), **fields: Any) -> dict[str, Any]:
    numbers = {"cpu": 1, "memory": 2, "messages": 3, "errors": 0}
    return event("sample", ago, agentId=agent, **numbers) | fields


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


BUSINESS = [
    event("status", agentId="a", status="running", reason="ü"),
    event("deployment", deploymentId="d", agentId="a", status="pending"),
    event("payment", timedelta(days=3_000), paymentId="p", amount=-5, currency="EUR"),
    event("booking", bookingId="b", status="pending"),
    event("fan", fanId="f", segment="new"),
    event("play", playId="p", listenerId="l"),
    event("skill", skillId="s", active=True),
]
MINUTE = timedelta(minutes=1)
PACKED = (("Content-Type", b"application/msgpack; v=1"),)
GOOD = [
    Put(encode(sample()), b"a"),
    Put(encode([sample(ago=MINUTE), sample("b")]), None),
    Put(msgspec.msgpack.encode(sample(ago=2 * MINUTE)), b"a", PACKED),
    Put(encode(sample(ago=3 * MINUTE)), b"a", (("content-type", None),)),
    # Sent again.
    Put(encode(sample()), b"a"),
]
# What is sent, and why it is refused: reason, place in the array.
BAD = [
    (Put(b"{", b"k", (("trace", b"\xff"), ("none", None))), "malformed", None),
    (Put(None, b"k"), "malformed", None),
    (Put(b"", None), "malformed", None),
    (Put(encode([sample("c"), sample("d", cpu=101)]), b"k"), "invalid", "1"),
    (Put(encode(sample(ago=-timedelta(hours=1))), b"k"), "future", None),
    (Put(encode([sample(ago=timedelta(days=32)), sample("e")]), b"k"), "expired", "0"),
    (Put(b" " * (1024**2 + 1), b"k"), "too_large", None),
]


def counts(database: str) -> dict[str, int]:
    with psycopg.connect(database) as connection:
        return {
            name: connection.execute(
                SQL("select count(*) from {}").format(Identifier(name))
            ).fetchall()[0][0]
            for name in TABLES
        }


def refusal(letter: Any) -> tuple[Any, ...]:
    """A dead letter: key, value, original headers; reason and index."""
    headers = dict(letter.headers)
    own = [h for h in letter.headers if not h[0].startswith(("__connect.", "fleetgauge."))]
    index = headers.get("fleetgauge.index")
    return (
        letter.key,
        letter.value,
        tuple(own),
        headers["fleetgauge.reason"].decode(),
        None if index is None else index.decode(),
    )


async def no_lag(ingest: IngestProcess, topic: str) -> None:
    """Returns when partition 0 of the topic is reported as all stored."""
    labels = f'{{partition="0",topic="{topic}"}}'

    async def probe() -> bool:
        records = await ingest.metric(f'fleetgauge_records_total{{topic="{topic}"}}')
        lag = await ingest.metric(f"fleetgauge_lag_records{labels}")
        return records > 0 and lag == 0

    await until(probe, "a lag of 0", 60)


async def test_good_events_are_stored_and_bad_ones_dead_lettered(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics, log = made_topics, tmp_path / "ingest.log"
    # Good and bad by turns.
    pairs = zip_longest(GOOD, [message for message, *_ in BAD])
    messages = [message for pair in pairs for message in pair if message is not None]
    await put(stack, topics.samples, messages)
    await put(stack, topics.events, [Put(encode(BUSINESS)), Put(encode(BUSINESS[2]))])
    async with ingest_process(ingest_environment(), log) as ingest:
        await all_stored(stack, database, topics)
        await no_lag(ingest, topics.samples)
        dead = Counter(reason for _, reason, _ in BAD)
        expected = {f'fleetgauge_dead_letters_total{{reason="{r}"}}': n for r, n in dead.items()}
        expected |= {
            f'fleetgauge_records_total{{topic="{topics.samples}"}}': len(messages),
            f'fleetgauge_records_total{{topic="{topics.events}"}}': 2,
            'fleetgauge_rows_total{type="sample"}': 8,
            'fleetgauge_rows_total{type="payment"}': 2,
            'fleetgauge_duplicates_total{type="sample"}': 1,
            'fleetgauge_duplicates_total{type="payment"}': 1,
            "fleetgauge_assigned_partitions": 9,
            "fleetgauge_retries_total": 0,
        }
        assert {name: await ingest.metric(name) for name in expected} == expected
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log

    assert counts(database) == dict.fromkeys(TABLES, 1) | {
        "agents": 4,
        "agent_samples": 7,
        "agent_latest": 4,
    }
    check_aggregates(database)
    letters = [refusal(letter) for letter in await found(stack, topics.deadletter)]
    assert sorted(letters, key=repr) == sorted(
        ((b.key, b.value, b.headers, reason, index) for b, reason, index in BAD), key=repr
    )
    with psycopg.connect(database) as connection:
        beats = connection.execute("select now() - max(minute) from platform_heartbeats").fetchall()
    assert beats[0][0] < timedelta(minutes=2)


async def test_a_second_start_reads_nothing_again(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics = made_topics
    fleet = [[sample(f"a{n}") for n in range(at, at + 1_000)] for at in range(0, 10_000, 1_000)]
    await put(stack, topics.samples, [Put(encode(some)) for some in fleet])
    async with ingest_process(ingest_environment(), tmp_path / "first.log") as ingest:
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0
    await put(stack, topics.samples, [Put(encode(sample("late")))])
    async with ingest_process(ingest_environment(), tmp_path / "second.log") as ingest:
        await all_stored(stack, database, topics)
        await no_lag(ingest, topics.samples)
        name = f'fleetgauge_records_total{{topic="{topics.samples}"}}'
        assert await ingest.metric(name) == 1
        assert await ingest.metric('fleetgauge_duplicates_total{type="sample"}') == 0
        assert await ingest.stop() == 0
    assert counts(database)["agent_samples"] == 10_001
    check_aggregates(database)


async def test_a_recreated_topic_stops_ingest_until_the_gap_is_accepted(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    kafka: KafkaSettings,
    tmp_path: Path,
) -> None:
    topics, log = made_topics, tmp_path / "ingest.log"
    await put(stack, topics.samples, minutes("old", 5))
    async with ingest_process(ingest_environment(), log) as ingest:
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0
    await delete(stack, topics.samples)
    await until(lambda: asyncio.to_thread(lambda: create_topics(kafka) == 0), "the topic", 60)
    # More than there were: the offset alone would show nothing.
    await put(stack, topics.samples, minutes("new", 9))

    words = f"{topics.samples}/0: stored offset 5 belongs to the topic with id"
    await ends_with(ingest_environment(), log, words)
    assert counts(database)["agent_samples"] == 5
    async with ingest_process(ingest_environment(), log, "--accept-gap") as ingest:
        await all_stored(stack, database, topics)
        # One a partition: what was unread in the others nobody knows.
        assert await ingest.metric("fleetgauge_gaps_total") == kafka.samples_partitions
        assert await ingest.stop() == 0
    assert counts(database)["agent_samples"] == 14
    check_aggregates(database)


async def test_a_shorter_recreated_topic_stops_ingest(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    kafka: KafkaSettings,
    tmp_path: Path,
) -> None:
    here = TopicPartition(made_topics.samples, 0)
    cluster = await check_topics(kafka)
    async with await psycopg.AsyncConnection.connect(database) as connection:
        held = await offsets.claim(connection, here, 0, identity(cluster))
        await offsets.advance(
            connection, {here: OffsetSpan(0, 5, record(b"v", offset=4))}, {here: held}
        )
        # As an earlier version left it.
        await connection.execute("update ingest_offsets set topic_id = null")
    await put(stack, made_topics.samples, minutes("new", 2))
    words = f"{here.topic}/0: stored offset 5 is past the log's end 2"
    await ends_with(ingest_environment(), tmp_path / "ingest.log", words)
    assert counts(database)["agent_samples"] == 0


@pytest.mark.parametrize("kept", [str(8 * 86_400_000), "-1"])
async def test_a_topic_that_outlives_its_samples_is_refused(
    stack: Stack,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
    kept: str,
) -> None:
    await alter(stack, made_topics.samples, {"retention.ms": kept})
    words = f"topic {made_topics.samples} keeps records "
    await ends_with(ingest_environment(), tmp_path / "1.log", words)
    if kept != "-1":
        longer = ingest_environment(FLEETGAUGE_RAW_RETENTION_DAYS="39")
        async with ingest_process(longer, tmp_path / "2.log") as ingest:
            await ingest.said('"claimed"')
            assert await ingest.stop() == 0


def minutes(agent: str, number: int) -> list[Put]:
    """One sample a minute."""
    return [Put(encode(sample(agent, ago=n * MINUTE))) for n in range(number)]


async def ends_with(env: dict[str, str], log: Path, words: str) -> None:
    """Ingest ends with status 1 and these words in its log."""
    async with ingest_process(env, log) as ingest:
        assert await asyncio.wait_for(ingest.wait(), 60) == 1
        assert words in ingest.log
        assert "Traceback" not in ingest.log


async def test_without_the_dead_letters_it_stands_still_and_says_so(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics = made_topics
    # Dead letters are compressed; this cannot be.
    bad = Put(random.Random(6).randbytes(5_000), b"k")
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ingest.said('"claimed"')
        await set_max_bytes(stack, topics.deadletter, 1_000)
        await put(stack, topics.samples, [bad, Put(encode(sample()))])
        await ingest.said('"step":"dead_letters"', times=2)
        assert counts(database)["agent_samples"] == 0
        await set_max_bytes(stack, topics.deadletter, 1_000_000)
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    assert [letter.value for letter in await found(stack, topics.deadletter)] == [bad.value]


async def test_without_a_broker_it_waits_and_says_so(
    database: str, stack: Stack, topics: Topics, tmp_path: Path
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    found_nothing = environment(database, stack, topics, FLEETGAUGE_KAFKA_BOOTSTRAP=nowhere)
    async with ingest_process(found_nothing, tmp_path / "ingest.log") as ingest:
        await ingest.said("Kafka cannot be used, will try again", times=2)
        assert nowhere in ingest.log
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
        assert "Unclosed" not in ingest.log
