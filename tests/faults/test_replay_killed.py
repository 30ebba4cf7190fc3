"""A replay of dead letters is killed in mid-transaction and run again: each one comes back once."""

import asyncio
import random
import signal
import sys
from collections import Counter
from functools import partial
from typing import Final

import pytest

from ingest.admin.dlq.replay import BATCH_LETTERS
from schemas.settings import KafkaSettings
from tests.integration.ingest.admin.dlq.letters import committed, refused, write
from tests.support.oracle import log_ends
from tests.support.process import Running, fleetgauge
from tests.support.stack import Stack, Topics, environment
from tests.support.waiting import until
from tests.unit.ingest.records import record

KILLS: Final = 4
LETTERS: Final = 4 * BATCH_LETTERS + 1
# A replay that ends itself by SIGKILL, at one place of its second transaction.
KILLED: Final = """
import os, signal, sys
from aiokafka import AIOKafkaProducer
import fleetgauge

real = AIOKafkaProducer.commit_transaction
before, calls = sys.argv.pop(1) == "before", 0

async def commit(self):
    global calls
    calls += 1
    if calls == 2 and before:
        await self.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    await real(self)
    if calls == 2:
        os.kill(os.getpid(), signal.SIGKILL)

AIOKafkaProducer.commit_transaction = commit
fleetgauge.main()
"""


@pytest.fixture
async def letters(kafka: KafkaSettings) -> KafkaSettings:
    """More dead letters than four transactions hold, from all partitions."""
    rejections = [
        refused(record(b"%d" % n, offset=n, partition=n % 6, topic=kafka.samples_topic))
        for n in range(LETTERS)
    ]
    await write(kafka, rejections)
    return kafka


@pytest.fixture
def kafka(stack: Stack, topics: Topics, made_topics: Topics) -> KafkaSettings:
    assert topics == made_topics
    return KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )


@pytest.fixture
def env(stack: Stack, topics: Topics) -> dict[str, str]:
    return environment("unused", stack, topics)


@pytest.mark.parametrize(("place", "held"), [("before", 1), ("after", 2)])
async def test_at_the_commit(
    place: str, held: int, letters: KafkaSettings, env: dict[str, str]
) -> None:
    words = (sys.executable, "-c", KILLED, place, "dlq", "replay", "--all")
    killed = await asyncio.create_subprocess_exec(*words, env=env)
    assert await killed.wait() == -signal.SIGKILL
    await replay_the_rest(env, expected=LETTERS - held * BATCH_LETTERS)
    await check_once(letters)


async def test_anywhere(letters: KafkaSettings, env: dict[str, str], rng: random.Random) -> None:
    for _ in range(KILLS):
        before = await ends(letters)
        with fleetgauge(env, "dlq", "replay", "--all") as process:
            await until(partial(has_moved, letters, before, process), "a transaction", 60)
            # Anywhere in it: the one place where a random moment is what is tested.
            await asyncio.sleep(rng.uniform(0, 0.3))
            process.signal(rng.choice([signal.SIGKILL, signal.SIGTERM]))
    await replay_the_rest(env)
    await check_once(letters)


async def ends(kafka: KafkaSettings) -> int:
    """How much is in the samples' topic, committed or not."""
    stack = Stack(kafka.kafka_bootstrap, "")
    return sum((await log_ends(stack, [kafka.samples_topic])).values())


async def has_moved(kafka: KafkaSettings, before: int, process: Running) -> bool:
    return process.has_ended or await ends(kafka) > before


async def replay_the_rest(env: dict[str, str], expected: int | None = None) -> None:
    with fleetgauge(env, "dlq", "replay", "--all") as process:
        assert await asyncio.to_thread(process.await_exit) == 0
    if expected is not None:
        assert f"\n{expected:,} replayed" in f"\n{process.output}"


async def check_once(kafka: KafkaSettings) -> None:
    """Each original is there once for a reader of committed records, as ingest is one."""
    values = Counter(record.value for record in await committed(kafka, kafka.samples_topic))
    assert values == Counter(b"%d" % n for n in range(LETTERS))
