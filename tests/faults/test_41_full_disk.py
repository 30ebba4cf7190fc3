"""The broker's disk is full, and it ends: ingest stands still, says so, and goes on after it."""

import random
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.local import docker
from ingest.admin.doctor.examine import examine
from schemas.events import Sample
from schemas.settings import KafkaSettings
from tests.faults.own_stack import OwnStack, own_stack
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, all_stored, identities, stored_identities
from tests.support.stack import Stack, Topics, database_settings
from tests.support.waiting import until

pytestmark = [
    pytest.mark.fault(41, "the broker's disk is full"),
    pytest.mark.skipif(docker.answers(), reason="needs the broker of the native stack"),
]

FLEET = Fleet(2, 20, datetime.now(UTC), timedelta(minutes=1))
DISK_BYTES = 64 * 1024**2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Where the broker of this test has its files: a few megabytes in memory."""
    folder = tmp_path / "own" / "kafka"
    folder.mkdir(parents=True)
    mount: list[str | Path] = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "broker", folder]
    subprocess.run(mount, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def own(disk: Path) -> Iterator[OwnStack]:
    with own_stack(disk.parent) as up:
        yield up


@pytest.fixture
def stack(own: OwnStack) -> Stack:
    """In place of the stack that other tests use as well."""
    return own.stack


async def send(stack: Stack, topic: str, samples: list[Sample]) -> list[Sample]:
    """Those that the broker has acknowledged before it refused one."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, request_timeout_ms=5_000)
    await producer.start()
    acknowledged = []
    try:
        for sample in samples:
            await producer.send_and_wait(topic, msgspec.json.encode(sample), b"k")
            acknowledged.append(sample)
    except KafkaError:
        pass
    finally:
        await producer.stop()
    return acknowledged


def fill(disk: Path) -> None:
    """Takes all the space that is left; the broker may take some of it meanwhile."""
    with (disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(bytes(2**20))


async def test_it_stands_still_says_so_and_goes_on(
    disk: Path,
    own: OwnStack,
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    samples = FLEET.samples(200, random.Random(1))
    kafka = KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=made_topics.samples,
        events_topic=made_topics.events,
        deadletter_topic=made_topics.deadletter,
    )
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        acknowledged = await send(stack, made_topics.samples, samples[:100])
        assert len(acknowledged) == 100
        await all_stored(stack, database, made_topics)
        fill(disk)
        acknowledged += await send(stack, made_topics.samples, samples[100:])
        assert len(acknowledged) < len(samples)

        async def stands_still() -> bool:
            return await ingest.metric("fleetgauge_stalled_seconds") >= 8

        await until(stands_still, "a standstill", 60)
        found = await examine(database_settings(database), kafka, datetime.now(UTC))
        (broker,) = (finding for finding in found if finding.check == "broker")
        assert broker.says == f"no answer: no broker answers at {stack.kafka_bootstrap}"
        # By the partitions that it answers for with an error, or not at all.
        assert re.search("partition cannot be read|the broker does not report", ingest.log)
        assert ingest.returncode is None
        (disk / "ballast").unlink()
        await own.start("kafka")
        await all_stored(stack, database, made_topics)
        assert await ingest.stop() == 0
    stored = stored_identities(database)
    assert identities(acknowledged) - stored == {}
    assert max(stored.values()) == 1
