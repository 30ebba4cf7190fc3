"""A log loses its end under a consumer, or its topic is recreated: reported within 30 seconds."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.own_stack import OwnStack, own_stack
from tests.faults.recreated import is_reported, lags, recreate, samples, stored
from tests.support.ingest_process import ingest_process
from tests.support.kafka import put
from tests.support.oracle import all_stored
from tests.support.proxy import proxy_to
from tests.support.stack import Stack, Topics

pytestmark = pytest.mark.fault(25, "log truncated")

Environment = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    with own_stack(tmp_path_factory.mktemp("own")) as up:
        yield up


@pytest.fixture
def stack(own: OwnStack) -> Stack:
    """In place of the stack that other tests use as well."""
    return own.stack


@pytest.fixture
def log(own: OwnStack, made_topics: Topics) -> Path:
    """The broker's folder of partition 0."""
    return own.broker_data / f"{made_topics.samples}-0"


async def test_its_end_is_lost(
    own: OwnStack,
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    log: Path,
    tmp_path: Path,
) -> None:
    topics = made_topics
    await put(stack, topics.samples, samples("kept", 10))
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await all_stored(stack, database, topics)
        # A replica that lags behind and is elected all the same has the log as it was.
        await own.stop("kafka")
        shutil.copytree(log, tmp_path / "lagging")
        await own.start("kafka")
        await put(stack, topics.samples, samples("lost", 10))
        await all_stored(stack, database, topics)
        await own.stop("kafka")
        replace(log, tmp_path / "lagging")
        await own.start("kafka")
        await is_reported(ingest, topics, "stored offset 20 is past the log's end 10")


async def test_its_end_is_lost_and_grows_again(
    own: OwnStack,
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    log: Path,
    tmp_path: Path,
) -> None:
    topics = made_topics
    await put(stack, topics.samples, samples("kept", 10))
    await own.stop("kafka")
    shutil.copytree(log, tmp_path / "lagging")
    await own.start("kafka")
    await put(stack, topics.samples, samples("lost", 10))
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through), tmp_path / "ingest.log") as ingest,
    ):
        await all_stored(stack, database, topics)
        proxy.freeze()
        await put(stack, topics.samples, samples("lost", 5))
        await lags(ingest, topics, 5)
        await own.stop("kafka")
        replace(log, tmp_path / "lagging")
        await own.start("kafka")
        await put(stack, topics.samples, samples("new", 40))
        proxy.thaw()
        await is_reported(ingest, topics, "is not the one that was stored")
    assert "new" not in stored(database)


def replace(log: Path, by: Path) -> None:
    shutil.rmtree(log)
    shutil.copytree(by, log)


async def test_recreated_without_a_pause(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics = made_topics
    await put(stack, topics.samples, samples("old", 15))
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await all_stored(stack, database, topics)
        await recreate(stack, topics)
        await put(stack, topics.samples, samples("new", 5))
        await is_reported(ingest, topics, "the topic was recreated")
