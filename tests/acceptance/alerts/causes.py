"""What each alert is about, brought about on real processes; the table of them is at the end.

Minutes are Prometheus' own, of which one passes in a second, or in as many as `scrape_s`
says. A new rule gets a cause here, or its name is added to one that brings it about.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local import docker
from ingest.kafka.topic import TIMESTAMP_TYPE, config, topics_to_create
from tests.acceptance.alerts.place import Place, make_topics
from tests.acceptance.alerts.recording import SCRAPE_S
from tests.integration.ingest.test_ingest import minutes
from tests.integration.ingest.test_marks import producer
from tests.support.appending import appending
from tests.support.kafka import Put, configure, put
from tests.support.oracle import Fleet, all_stored
from tests.support.proxy import proxy_to
from tests.support.rows import Row, insert, refresh
from tests.support.serve_process import holder
from tests.support.stack import REPOSITORY
from tests.unit.ingest.batches import batch

# Of the native stack.
STACK: Final = REPOSITORY / ".stack" / "test"


@dataclass(frozen=True)
class Cause:
    """Brings something about in a place; these rules fire then."""

    bring_about: Callable[[Place], Awaitable[None]]
    rules: tuple[str, ...]
    scrape_s: float = SCRAPE_S


async def processes_that_are_gone(place: Place) -> None:
    """Killed, and nobody starts them again."""
    await make_topics(place)
    async with place.ingest() as ingest, place.serve() as serving:
        await place.recording.shows("fleetgauge_assigned_partitions", 9)
        await asyncio.to_thread(serving.await_ready)
        await place.recording.minutes(3)
        place.recording.cause()
        await ingest.kill()
        serving.process.signal(signal.SIGKILL)
        await place.recording.minutes(11)


async def a_database_that_is_away(place: Place) -> None:
    """While samples arrive, and somebody asks."""
    await make_topics(place)
    async with proxy_to(place.database) as (proxy, through), asking(place, through):
        through_proxy = replace(place, database=through)
        async with through_proxy.ingest():
            await put(place.stack, place.topics.samples, minutes("before", 5))
            await all_stored(place.stack, place.database, place.topics)
            await place.recording.minutes(1)
            place.recording.cause()
            proxy.refuse()
            await put(place.stack, place.topics.samples, minutes("behind", 20))
            await place.recording.shows("fleetgauge_lag_records", 20)
            await place.recording.minutes(13)


@asynccontextmanager
async def asking(place: Place, database: str) -> AsyncIterator[None]:
    """Somebody who asks a service on this database all the time, within."""

    async def ask(url: str) -> None:
        async with httpx.AsyncClient(base_url=url, headers=holder("x", "platform")) as client:
            while True:
                with suppress(httpx.HTTPError):
                    await client.get("/api/metrics")
                await asyncio.sleep(0.05)

    settings = {"FLEETGAUGE_ANSWER_CACHE_MS": "0"}
    async with replace(place, database=database).serve(**settings) as serving:
        await asyncio.to_thread(serving.await_ready)
        askers = [asyncio.create_task(ask(serving.url)) for _ in range(2)]
        try:
            yield
        finally:
            for asker in askers:
                asker.cancel()
            await asyncio.wait(askers)


async def a_database_that_is_slow(place: Place) -> None:
    """Each answer of it takes three quarters of a second."""
    async with proxy_to(place.database) as (proxy, through), asking(place, through):
        await place.recording.minutes(6)
        place.recording.cause()
        end = asyncio.create_task(place.recording.minutes(16))
        while not end.done():
            proxy.freeze()
            await asyncio.sleep(0.75)
            proxy.thaw()
            await asyncio.sleep(0.02)


async def a_backlog_of_days(place: Place) -> None:
    """Records that are four days old, and a table that somebody holds."""
    await make_topics(place)
    samples = topics_to_create(place.kafka)[0]
    as_made = config(samples, place.kafka)
    await configure(place.stack, samples.name, {**as_made, TIMESTAMP_TYPE: "CreateTime"})
    old = AIOKafkaProducer(bootstrap_servers=place.stack.kafka_bootstrap)
    await old.start()
    at = datetime.now(UTC) - timedelta(days=4)
    stamp = round(at.timestamp() * 1000)
    for sample in Fleet(1, 1, at, timedelta(minutes=1)).samples(20, random.Random(1)):
        value = msgspec.json.encode(sample)
        put = await old.send_and_wait(samples.name, value, b"k", 0, timestamp_ms=stamp)
        assert put.timestamp == stamp
    await old.stop()
    await configure(place.stack, samples.name, as_made)
    await place.recording.minutes(1)
    place.recording.cause()
    async with place.locked("agent_samples"), place.ingest():
        await place.recording.shows("fleetgauge_lag_seconds", 3.9 * 86_400)
        await place.recording.minutes(7)


async def another_program_in_the_group(place: Place) -> None:
    """It gets its share of the partitions."""
    await make_topics(place)
    group = place.variables()["FLEETGAUGE_CONSUMER_GROUP"]
    async with place.ingest():
        await place.recording.shows("fleetgauge_assigned_partitions", 9)
        await place.recording.minutes(3)
        place.recording.cause()
        other = AIOKafkaConsumer(
            place.topics.samples,
            place.topics.events,
            bootstrap_servers=place.stack.kafka_bootstrap,
            group_id=group,
            enable_auto_commit=False,
        )
        await other.start()
        try:
            await other.getmany(timeout_ms=1_000)
            await place.recording.minutes(8)
        finally:
            await other.stop()


async def a_claim_that_waits(place: Place) -> None:
    """Somebody holds the table of offsets, and the database answers everybody else."""
    await make_topics(place)
    async with place.locked("ingest_offsets"), place.ingest():
        place.recording.cause()
        await place.recording.shows("fleetgauge_stalled_seconds", 300)
        await place.recording.minutes(7)


async def two_groups_on_one_database(place: Place) -> None:
    """They take the partitions from each other, sample by sample."""
    await make_topics(place)

    async def send() -> None:
        while True:
            await put(place.stack, place.topics.samples, minutes("a", 2))
            await asyncio.sleep(0.2)

    async with place.ingest():
        await place.recording.shows("fleetgauge_assigned_partitions", 9)
        sending = asyncio.create_task(send())
        await place.recording.minutes(3)
        place.recording.cause()
        async with place.ingest(instance="b", FLEETGAUGE_CONSUMER_GROUP="another"):
            await place.recording.shows("fleetgauge_fenced_total", 2)
            await place.recording.minutes(20)
            await place.recording.shows("fleetgauge_group_conflict", 1)
            await place.recording.minutes(1)
        sending.cancel()


async def a_gap_and_a_bad_event(place: Place) -> None:
    """What was stored is another cluster's; then a producer sends what is no event."""
    await make_topics(place)
    place.execute(
        "insert into ingest_offsets values (%s, 0, 7, 1, 'another')", place.topics.samples
    )
    await place.recording.minutes(1)
    place.recording.cause()
    async with place.ingest("--accept-gap"):
        await place.recording.shows("fleetgauge_gaps_total", 1)
        await put(place.stack, place.topics.samples, [Put(b"{", b"k")])
        await place.recording.shows("fleetgauge_dead_letters_total", 1)
        await place.recording.minutes(2)


async def a_database_that_rejects(place: Place) -> None:
    """The password was changed, and ingest has the old one."""
    await make_topics(place)
    parts = urlsplit(place.database)
    netloc = f"{parts.username}:old@{parts.hostname}:{parts.port}"
    await place.recording.minutes(1)
    place.recording.cause()
    async with place.ingest(FLEETGAUGE_DATABASE_URL=parts._replace(netloc=netloc).geturl()):
        await place.recording.shows("fleetgauge_database_rejects", 1)
        await place.recording.minutes(2)


async def an_agent_without_a_key(place: Place) -> None:
    """A trigger of somebody's own keeps it from the table: ingest does not foresee that."""
    await make_topics(place)
    place.execute(
        "create function suppress() returns trigger language plpgsql as 'begin return null; end'"
    )
    place.execute(
        "create trigger suppress before insert on agents for each row execute function suppress()"
    )
    async with place.ingest():
        await place.recording.shows("fleetgauge_assigned_partitions", 9)
        await place.recording.minutes(3)
        place.recording.cause()
        await put(place.stack, place.topics.samples, minutes("a", 1))
        await place.recording.shows("fleetgauge_unexpected_errors_total", 1)
        await place.recording.minutes(2)


async def a_batch_that_rots(place: Place) -> None:
    """A bit of it flips on the broker's disk, before ingest reads it."""
    if docker.answers():
        pytest.skip("a broker in a container keeps its files to itself")
    await make_topics(place)
    partition = TopicPartition(place.topics.samples, 0)
    async with appending(place.stack) as appender:
        await appender.append(partition, batch([b"{}"]))
    flip_last_bit(STACK / "kafka" / "data", partition)
    await place.recording.minutes(1)
    place.recording.cause()
    async with place.ingest():
        await place.recording.shows("fleetgauge_unreadable_partition", 1)
        await place.recording.minutes(2)


def flip_last_bit(data: Path, partition: TopicPartition) -> None:
    """In the partition's log on the broker's disk."""
    log = data / f"{partition.topic}-{partition.partition}" / f"{0:020}.log"
    content = log.read_bytes()
    log.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


async def a_rollup_that_loses_rows(place: Place) -> None:
    """By whatever hand."""
    now = datetime.now(UTC)
    insert(place.database, [Row("alice/a", now, messages=5)])
    refresh(place.database, now + timedelta(seconds=1))
    async with place.upkeep(every_s=0.5):
        await place.recording.shows("fleetgauge_conservation_check_timestamp_seconds", 0)
        await place.recording.minutes(2)
        place.recording.cause()
        place.execute("delete from rollup_5m")
        await place.recording.shows("fleetgauge_conservation_difference", 1)
        await place.recording.minutes(1)


async def a_comparison_that_cannot_be_made(place: Place) -> None:
    """Somebody holds the table that rollups are compared with."""
    async with place.upkeep(every_s=0.5):
        await place.recording.shows("fleetgauge_conservation_check_timestamp_seconds", 0)
        await place.recording.minutes(2)
        place.recording.cause()
        async with place.locked("platform_metrics_1h"):
            await place.recording.minutes(22)


async def a_transaction_left_open(place: Place) -> None:
    """By a producer that lives, and does not go on."""
    await make_topics(place)
    topic = place.topics.samples
    async with place.ingest(), producer(place.stack, topic) as other:
        await put(place.stack, topic, minutes("before", 2))
        await all_stored(place.stack, place.database, place.topics)
        await place.recording.minutes(3)
        place.recording.cause()
        await other.begin_transaction()
        await other.send_and_wait(topic, b"{}", b"k", 0)
        await place.recording.shows("fleetgauge_open_transaction_seconds", 360)
        await place.recording.minutes(1)
        await other.abort_transaction()


async def a_topic_that_was_altered(place: Place) -> None:
    """Somebody lets it compact while ingest runs, which looks every 30 seconds."""
    await make_topics(place)
    as_made = config(topics_to_create(place.kafka)[0], place.kafka)
    async with place.ingest():
        await place.recording.shows("fleetgauge_assigned_partitions", 9)
        await place.recording.minutes(3)
        place.recording.cause()
        await configure(place.stack, place.topics.samples, {**as_made, "cleanup.policy": "compact"})
        await place.recording.shows("fleetgauge_topic_faults", 1)
        await place.recording.minutes(2)


async def a_chunk_that_somebody_holds(place: Place) -> None:
    """It is to be dropped, and was for a day; refreshes last went well an hour ago."""
    now = datetime.now(UTC)
    insert(place.database, [Row("alice/a", now - timedelta(days=days)) for days in (45, 0)])
    refresh(place.database, now)
    note = (
        "insert into upkeep (task, every, ran_at, succeeded_at, removed) values "
        "(%s, %s, now() - %s::interval, now() - %s::interval, 0)"
    )
    place.execute(note, "agent_samples", "1 h", "1 day", "1 day")
    place.execute(note, "refresh_metrics", "1 min", "1 h", "1 h")
    await place.recording.minutes(1)
    place.recording.cause()
    reading = "select from agent_samples where ts < now() - interval '44 days'"
    async with place.holding(reading), place.upkeep(every_s=0.1):
        await place.recording.shows("fleetgauge_upkeep_failures_total", 13)
        await place.recording.minutes(6)


async def a_session_that_holds_the_aggregates(place: Place) -> None:
    """As a repair would that hangs; until then ingest refreshes whenever it looks."""
    await make_topics(place)
    async with place.ingest(FLEETGAUGE_REFRESH_S="1"):
        # Nearly up to now: before that it is of a time long before this session.
        await place.recording.shows("fleetgauge_watermark_timestamp_seconds", -60)
        await place.recording.minutes(6)
        place.recording.cause()
        async with place.holding("select pg_advisory_xact_lock(lock_of_aggregates())"):
            await place.recording.minutes(20)


async def a_process_that_does_not_get_far(place: Place) -> None:
    """It ends again and again, and is started again; nor is there a broker."""
    nowhere = {"FLEETGAUGE_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    for number in range(4):
        async with place.ingest(**nowhere):
            await place.recording.starts(number + 1)
            await place.recording.minutes(1)
        if number == 0:
            place.recording.cause()


CAUSES: Final = {
    cause.bring_about.__name__: cause
    for cause in [
        Cause(
            processes_that_are_gone,
            ("FleetgaugeIngestDown", "FleetgaugeServeDown", "FleetgaugeInstanceDown"),
        ),
        Cause(
            a_database_that_is_away,
            ("FleetgaugeStalled", "FleetgaugeRetries", "FleetgaugeServerErrors"),
            # Attempts are up to 5 seconds apart, and have to be in each 5 minutes.
            scrape_s=2 * SCRAPE_S,
        ),
        Cause(a_database_that_is_slow, ("FleetgaugeSlowAnswers",)),
        Cause(a_backlog_of_days, ("FleetgaugeLag", "FleetgaugeLagNearsRetention")),
        Cause(another_program_in_the_group, ("FleetgaugeUnreadPartitions",)),
        Cause(a_claim_that_waits, ("FleetgaugeNoProgress", "FleetgaugeNoPartitions")),
        Cause(
            two_groups_on_one_database,
            ("FleetgaugeFenced", "FleetgaugeGroupConflict"),
        ),
        Cause(a_database_that_rejects, ("FleetgaugeDatabaseRejects",)),
        Cause(an_agent_without_a_key, ("FleetgaugeUnexpectedErrors",)),
        Cause(a_batch_that_rots, ("FleetgaugeUnreadablePartition",)),
        Cause(a_rollup_that_loses_rows, ("FleetgaugeConservation",)),
        Cause(a_comparison_that_cannot_be_made, ("FleetgaugeConservationOld",)),
        Cause(a_gap_and_a_bad_event, ("FleetgaugeGap", "FleetgaugeDeadLetters")),
        Cause(a_transaction_left_open, ("FleetgaugeOpenTransaction",)),
        Cause(a_topic_that_was_altered, ("FleetgaugeTopicFault",)),
        Cause(
            a_chunk_that_somebody_holds,
            ("FleetgaugeTaskOverdue", "FleetgaugeTaskFails", "FleetgaugeRefreshOld"),
        ),
        Cause(
            a_session_that_holds_the_aggregates,
            ("FleetgaugeRefreshBehind",),
            # The watermark is 15 real seconds old at least, which have to be less than 10 minutes.
            scrape_s=4 * SCRAPE_S,
        ),
        Cause(
            a_process_that_does_not_get_far,
            ("FleetgaugeRestarts",),
            # Three restarts in 30 minutes: 30 real seconds are too few for them on a busy machine.
            scrape_s=4 * SCRAPE_S,
        ),
    ]
}
