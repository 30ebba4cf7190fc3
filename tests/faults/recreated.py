"""Samples in partition 0, their topic deleted and recreated, and what ingest logs then."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import psycopg

from ingest.admin.topics import create_topics
from schemas.events import Sample
from schemas.settings import KafkaSettings
from tests.support.ingest_process import IngestProcess
from tests.support.kafka import Put, delete
from tests.support.stack import Stack, Topics
from tests.support.waiting import until

REPORTED_WITHIN_S: Final = 30.0


def samples(agent: str, number: int) -> list[Put]:
    """One sample a minute of an agent of this name."""
    now = datetime.now(UTC)
    return [
        Put(
            msgspec.json.encode(
                Sample(
                    user_id="alice",
                    agent_id=agent,
                    ts=now - n * timedelta(minutes=1),
                    cpu=1,
                    memory=2,
                    messages=3,
                    errors=0,
                )
            )
        )
        for n in range(number)
    ]


async def recreate(stack: Stack, topics: Topics) -> None:
    """The topic of the samples, deleted and created again."""
    await delete(stack, topics.samples)
    kafka = KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )
    await until(lambda: asyncio.to_thread(lambda: create_topics(kafka) == 0), "the topic", 60)


async def lags(ingest: IngestProcess, topics: Topics, records: int) -> None:
    """Returns when ingest knows of so many records in partition 0 that are not stored."""
    series = f'fleetgauge_lag_records{{partition="0",topic="{topics.samples}"}}'

    async def probe() -> bool:
        return await ingest.metric(series) == records

    await until(probe, f"a lag of {records}", 60)


async def is_reported(ingest: IngestProcess, topics: Topics, words: str) -> None:
    """Ingest ends in time, and names the topic."""
    try:
        code = await asyncio.wait_for(ingest.wait(), REPORTED_WITHIN_S)
    except TimeoutError:
        raise AssertionError(f"nothing was reported:\n{ingest.log}") from None
    assert code == 1, ingest.log
    assert f"{topics.samples}/" in ingest.log
    assert words in ingest.log
    assert "--accept-gap" in ingest.log


def stored(database: str) -> dict[str, int]:
    """How many samples each agent has."""
    with psycopg.connect(database) as connection:
        return dict(
            connection.execute(
                "select agent_id, count(*) from agent_samples join agents using (agent_key)"
                " group by agent_id"
            ).fetchall()
        )
