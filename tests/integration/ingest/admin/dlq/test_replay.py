"""`fleetgauge dlq replay` on the real broker: the original, once; the rest is reported."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest
from aiokafka.errors import ProducerFenced

from ingest.admin.dlq.filter import Filter
from ingest.admin.dlq.letter import headers_of
from ingest.admin.dlq.policy import SkipReason
from ingest.admin.dlq.replay import ReplayProducer, ReplayResult, replay
from ingest.rejection import Rejection
from schemas.settings import KafkaSettings
from tests.integration.ingest.admin.dlq.letters import committed, found, refused, write
from tests.support.ingest_process import ingest_process
from tests.support.kafka import Put, put, set_max_bytes
from tests.support.oracle import all_stored, stored_identities
from tests.support.process import fleetgauge
from tests.support.stack import Stack, Topics
from tests.support.waiting import until
from tests.unit.ingest.admin.dlq.letters import letter
from tests.unit.ingest.records import SAMPLE, record

Environment = Callable[..., dict[str, str]]

ALL = Filter()
PACKED = [("content-type", b"application/msgpack")]


async def replayed(
    kafka: KafkaSettings, wanted: Filter = ALL, most_replays: int = 3
) -> tuple[int, dict[SkipReason, int]]:
    """How many were replayed, and how many passed over."""
    outcome = ReplayResult()
    await replay(kafka, wanted, most_replays, outcome, lambda *_: None)
    return outcome.replayed, dict(outcome.skipped)


def of_samples(kafka: KafkaSettings, values: Sequence[bytes]) -> list[Rejection]:
    """One a value, from partitions 0 to 5 in turn."""
    return [
        refused(record(value, offset=n, partition=n % 6, topic=kafka.samples_topic))
        for n, value in enumerate(values)
    ]


async def test_the_original_comes_back_to_where_it_was(dead_letters: KafkaSettings) -> None:
    samples, events = dead_letters.samples_topic, dead_letters.events_topic
    own = [("a", b"1"), ("n", None)]
    await write(
        dead_letters,
        [
            refused(record(b"\xff{", offset=4, partition=5, topic=samples, key=b"k", headers=own)),
            refused(record(None, offset=0, partition=2, topic=events, key=b"k")),
            refused(record(b"", offset=1, partition=2, topic=events, key=None)),
        ],
    )
    assert await replayed(dead_letters) == (3, {})
    (sent,) = await committed(dead_letters, samples)
    assert (sent.partition, sent.key, sent.value) == (5, b"k", b"\xff{")
    added = [("fleetgauge.replays", b"1"), ("fleetgauge.replay.of", f"{samples}/5/4".encode())]
    assert list(sent.headers) == own + added
    others = [(r.partition, r.key, r.value) for r in await committed(dead_letters, events)]
    assert others == [(2, b"k", None), (2, None, b"")]


async def test_once(dead_letters: KafkaSettings) -> None:
    values = [b"%d" % n for n in range(1_200)]
    rejections = of_samples(dead_letters, values)
    await write(dead_letters, rejections + rejections[:100])
    assert await replayed(dead_letters) == (1_200, {SkipReason.BEFORE: 100})
    assert await replayed(dead_letters) == (0, {SkipReason.BEFORE: 1_300})
    sent = await committed(dead_letters, dead_letters.samples_topic)
    assert sorted(record.value for record in sent) == sorted(values)


async def test_what_is_wanted_and_no_more(dead_letters: KafkaSettings) -> None:
    samples = dead_letters.samples_topic
    rejections = [
        refused(record(reason.encode(), offset=n, topic=samples), reason)
        for n, reason in enumerate(["invalid", "future", "expired", "future"])
    ]
    await write(dead_letters, rejections)
    assert await replayed(dead_letters, Filter(reasons=["future"])) == (2, {})
    assert await replayed(dead_letters, Filter(reasons=["future", "expired"])) == (
        1,
        {SkipReason.BEFORE: 2},
    )
    assert [r.value for r in await committed(dead_letters, samples)] == [
        b"future",
        b"future",
        b"expired",
    ]


async def test_of_an_array_the_refused_events_alone(dead_letters: KafkaSettings) -> None:
    samples = dead_letters.samples_topic
    array = record(b'[{"a": 1}, {"b": 2}, {"c":3}]', offset=1, topic=samples)
    packed = record(msgspec.msgpack.encode([1, [2]]), offset=2, topic=samples, headers=PACKED)
    short = record(b"[]", offset=3, topic=samples)
    events = [(array, 2), (array, 0), (packed, 1), (short, 0)]
    await write(dead_letters, [refused(of, index=index) for of, index in events])
    assert await replayed(dead_letters) == (3, {SkipReason.NOT_THERE: 1})
    sent = await committed(dead_letters, samples)
    assert [r.value for r in sent] == [b'{"a": 1}', b'{"c":3}', msgspec.msgpack.encode([2])]
    assert dict(sent[2].headers)["content-type"] == b"application/msgpack"
    assert dict(sent[0].headers)["fleetgauge.replay.of"] == f"{samples}/0/1/0".encode()


async def test_a_topic_that_ingest_does_not_read(dead_letters: KafkaSettings) -> None:
    await write(dead_letters, [refused(record(b"v", topic="somebody.elses"))])
    assert await replayed(dead_letters) == (0, {SkipReason.ELSEWHERE: 1})


async def test_one_that_is_too_large_by_now_takes_no_other_with_it(
    stack: Stack, dead_letters: KafkaSettings
) -> None:
    samples = dead_letters.samples_topic
    values = [b"x" * (5_000 if n == 4 else 10 + n) for n in range(11)]
    await write(dead_letters, of_samples(dead_letters, values))
    await set_max_bytes(stack, samples, 2_000)
    assert await replayed(dead_letters) == (10, {SkipReason.TOO_LARGE: 1})
    sent = sorted(r.value for r in await committed(dead_letters, samples))
    assert sent == sorted(value for value in values if len(value) < 5_000)
    await set_max_bytes(stack, samples, 10_000)
    assert await replayed(dead_letters) == (1, {SkipReason.BEFORE: 10})


async def test_a_dry_run_says_and_does_nothing(
    dlq_environment: Environment, dead_letters: KafkaSettings
) -> None:
    await write(dead_letters, of_samples(dead_letters, [b"1", b"2", b"3"]))
    assert await replayed(dead_letters, Filter(partition=0)) == (1, {})
    with fleetgauge(dlq_environment(), "dlq", "replay", "--all", "--dry-run") as process:
        assert await asyncio.to_thread(process.await_exit) == 0
    assert "2 in total: 2 invalid" in process.output
    assert "nothing is replayed; 1 skipped (already replayed)" in process.output
    with fleetgauge(dlq_environment(), "dlq", "replay", "--all", "--dry-run", "--json") as process:
        assert await asyncio.to_thread(process.await_exit) == 0
    (counts,) = map(json.loads, process.lines)
    assert (counts["dryRun"], counts["replayed"], counts["skipped"]["before"]) == (True, 2, 1)
    assert len(counts["skipped"]) == 6
    assert len(await committed(dead_letters, dead_letters.samples_topic)) == 1


async def test_the_newer_of_two_runs_goes_on(dead_letters: KafkaSettings) -> None:
    letters = [letter(place=f"{dead_letters.samples_topic}/0/{n}", own=n) for n in range(3)]
    async with ReplayProducer(dead_letters) as older:
        assert await older.send(letters[:1]) == []
        async with ReplayProducer(dead_letters) as newer:
            with pytest.raises(ProducerFenced):
                await older.send(letters[1:2])
            assert await newer.send(letters[1:]) == []
    sent = await committed(dead_letters, dead_letters.samples_topic)
    assert [list(r.headers) for r in sent] == [headers_of(one) for one in letters]


async def test_refused_again_it_comes_back_until_it_was_too_often(
    dlq_environment: Environment,
    stack: Stack,
    dead_letters: KafkaSettings,
    database: str,
    tmp_path: Path,
) -> None:
    environment = dlq_environment(FLEETGAUGE_DATABASE_URL=database)
    await put(stack, dead_letters.samples_topic, [Put(b'{"type":"sample"}', b"k")])
    async with ingest_process(environment, tmp_path / "ingest.log") as ingest:
        for times in range(1, 3):
            await until(partial(are_there, dead_letters, times), "a dead letter", 60)
            before = {SkipReason.BEFORE: times - 1} if times > 1 else {}
            assert await replayed(dead_letters, most_replays=2) == (1, before)
        await until(partial(are_there, dead_letters, 3), "the last dead letter", 60)
        assert await ingest.stop() == 0
    assert [one.replays for one in await found(dead_letters)] == [0, 1, 2]
    with fleetgauge(dlq_environment(), "dlq", "replay", "--all", "--most-replays", "2") as process:
        assert await asyncio.to_thread(process.await_exit) == 1
    assert "0 replayed; 2 skipped (already replayed); 1 skipped (replayed and" in process.output


async def are_there(kafka: KafkaSettings, number: int) -> bool:
    return len(await found(kafka)) == number


async def test_after_a_fix_it_is_stored(
    dlq_environment: Environment,
    stack: Stack,
    made_topics: Topics,
    dead_letters: KafkaSettings,
    database: str,
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC).isoformat()
    long = json.dumps({**SAMPLE, "ts": now, "more": "x" * 3_000}).encode()
    await put(stack, dead_letters.samples_topic, [Put(long, b"a1")])
    strict = dlq_environment(FLEETGAUGE_DATABASE_URL=database, FLEETGAUGE_MESSAGE_MAX_BYTES="1024")
    async with ingest_process(strict, tmp_path / "strict.log") as ingest:
        await until(partial(are_there, dead_letters, 1), "a dead letter", 60)
        assert await ingest.stop() == 0
    async with ingest_process(
        dlq_environment(FLEETGAUGE_DATABASE_URL=database), tmp_path / "log"
    ) as ingest:
        with fleetgauge(dlq_environment(), "dlq", "replay", "--reason", "too_large") as process:
            assert await asyncio.to_thread(process.await_exit) == 0
        assert "1 replayed\n" in process.output
        await all_stored(stack, database, made_topics)
        assert await ingest.stop() == 0
    assert len(await found(dead_letters)) == 1
    assert stored_identities(database).total() == 1
