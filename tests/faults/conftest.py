"""What the fault tests share: a migrated database, topics, and a seed that is printed."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.topics import create_topics
from schemas.settings import KafkaSettings
from tests.stack import Stack, Topics, environment


@pytest.fixture
def rng() -> random.Random:
    """Random, by FLEETGAUGE_TEST_SEED where it is set; the seed is in the captured output."""
    seed = int(os.environ.get("FLEETGAUGE_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"FLEETGAUGE_TEST_SEED={seed}")  # noqa: T201 - the output of a failed test
    return random.Random(seed)


@pytest.fixture
def ingest_environment(
    database: str, stack: Stack, topics: Topics
) -> Callable[..., dict[str, str]]:
    """The environment of an ingest on this test's topics, which exist; `database` may differ."""
    create_topics(
        KafkaSettings(
            kafka_bootstrap=stack.kafka_bootstrap,
            samples_topic=topics.samples,
            events_topic=topics.events,
            deadletter_topic=topics.deadletter,
        )
    )

    def build(url: str = database, **more: str) -> dict[str, str]:
        return environment(url, stack, topics, **more)

    return build


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where ingest writes its log."""
    return tmp_path / "ingest.log"
