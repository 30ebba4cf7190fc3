"""A process that sends a fleet's samples; its only argument is a `Feed` as JSON."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg

from schemas.events import Sample
from tests.bench.writing.processes import Process, running
from tests.bench.writing.progress import stored_offsets
from tests.bench.writing.topic import new_producer, send
from tests.support.stack import REPOSITORY

STEP = timedelta(seconds=10)
# Enough for 15 minutes at 200,000 rows/s of 1,000 agents.
BACKLOG = timedelta(days=25)
AHEAD_ROWS = 500_000
PART_ROWS = 10_000
TICK_S = 0.05


class Feed(msgspec.Struct, frozen=True):
    """The load to produce.

    With `rate`, that number of current samples per second; without, the samples of a backlog, at
    most AHEAD_ROWS ahead of the database.
    """

    kafka_bootstrap: str
    database_url: str
    topic: str
    partitions: int
    agents: int
    seconds: float
    rate: int | None = None


@contextmanager
def feeding(feed: Feed, folder: Path) -> Iterator[Process]:
    """The running process; killed on exit."""
    job = msgspec.json.encode(feed).decode()
    command = [sys.executable, "-m", "tests.bench.writing.feeding", job]
    with (
        (folder / f"{feed.topic}.feed").open("wb") as log,
        running(command, {"PYTHONPATH": str(REPOSITORY)}, log) as process,
    ):
        yield process


async def main(feed: Feed) -> None:
    """Send for `feed.seconds`."""
    producer = new_producer(feed.kafka_bootstrap)
    await producer.start()
    try:
        await (_send_backlog(producer, feed) if feed.rate is None else _send_live(producer, feed))
    finally:
        await producer.stop()


async def _send_backlog(producer: object, feed: Feed) -> None:
    first = datetime.now(UTC) - BACKLOG
    ends = time.monotonic() + feed.seconds
    stored = stored_offsets(feed.topic)
    sent = 0
    with psycopg.connect(feed.database_url, autocommit=True) as connection:
        while time.monotonic() < ends:
            if sent - stored(connection) > AHEAD_ROWS:
                await asyncio.sleep(TICK_S)
                continue
            part = (_sample(feed, row, first + row * STEP / feed.agents) for row in _part(sent))
            await send(producer, feed.topic, part, feed.partitions)
            sent += PART_ROWS


def _part(sent: int) -> range:
    return range(sent, sent + PART_ROWS)


async def _send_live(producer: object, feed: Feed) -> None:
    began = time.monotonic()
    sent = 0
    while (elapsed := time.monotonic() - began) < feed.seconds:
        due = int(elapsed * (feed.rate or 0))
        await send(producer, feed.topic, _live(feed, sent, due), feed.partitions)
        sent = due
        await asyncio.sleep(TICK_S)


def _live(feed: Feed, sent: int, due: int) -> Iterator[Sample]:
    now = datetime.now(UTC)
    for row in range(sent, due):
        # Times of one agent are unique, even with few agents.
        yield _sample(feed, row, now + timedelta(microseconds=(row - sent) // feed.agents))


def _sample(feed: Feed, row: int, ts: datetime) -> Sample:
    number = row % feed.agents
    return Sample(
        user_id=f"user-{number // 50}",
        agent_id=f"agent-{number}",
        ts=ts,
        cpu=row * 7_919 % 10_000 / 100,
        memory=50.25,
        messages=row % 1_000,
        errors=0,
        response_ms=12.5,
    )


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Feed)))
