"""A simulated fleet's month, through the broker and ingest to what dashboards read."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.admin.topics import create_topics
from schemas.settings import KafkaSettings
from tests.support.ingest_process import ingest_process
from tests.support.oracle import all_stored, log_ends
from tests.support.process import fleetgauge
from tests.support.service import application, bearer, serving, token
from tests.support.stack import Stack, Topics, environment

USERS = [f"user-{n}" for n in range(1, 6)]
POINTS = {"24h": 24, "7d": 28, "30d": 30}


async def history(user: str, database: str, now: datetime) -> dict[str, Any]:
    """The answers for each range, and the performance."""
    calls = {reach: f"historical?range={reach}" for reach in POINTS} | {"now": "performance"}
    async with serving(application(database, now)) as client:
        client.headers = bearer(token(user, now=now))
        answers = {
            name: await client.get(f"/api/metrics/{user}/{call}") for name, call in calls.items()
        }
    return {name: answer.raise_for_status().json() for name, answer in answers.items()}


@pytest.mark.timeout(400)
async def test_a_month_fills_every_range_of_every_user(
    database: str, stack: Stack, topics: Topics, tmp_path: Path
) -> None:
    kafka = KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )
    assert await asyncio.to_thread(create_topics, kafka) == 0
    variables = environment(database, stack, topics)
    start = datetime.now(UTC)
    async with ingest_process(variables, tmp_path / "ingest.log") as ingest:
        words = ("--backfill", "30d", "--start", start.isoformat(), "--duration", "0s")
        with fleetgauge(variables, "emit", "fleet", *words) as process:
            assert await asyncio.to_thread(process.await_exit) == 0
        await all_stored(stack, database, topics, deadline_s=300)
        assert await ingest.stop() == 0
    assert sum((await log_ends(stack, [topics.deadletter])).values()) == 0
    newest = await asyncio.to_thread(_newest, database)
    assert start - timedelta(seconds=20) < newest < start
    for user in USERS:
        answers = await history(user, database, newest)
        for reach, points in POINTS.items():
            metrics = answers[reach]["metrics"]
            assert len(metrics) == points, (user, reach)
            assert all(point["cpu"] and point["memory"] for point in metrics)
        assert all(point["messages"] and point["errors"] for point in answers["30d"]["metrics"])
        assert all(answers["30d"]["averages"].values())
        assert answers["now"]["status"] == "ok"
        assert answers["now"]["responseTime"] > 0


def _newest(database: str) -> datetime:
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        row = connection.execute("select max(ts) from agent_samples").fetchone()
    assert row is not None
    newest: datetime = row[0]
    return newest
