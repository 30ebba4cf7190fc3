"""A topic is deleted, recreated and outgrown during a pause: reported, and nothing is skipped."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.recreated import is_reported, lags, recreate, samples, stored
from tests.support.ingest_process import ingest_process
from tests.support.kafka import put
from tests.support.oracle import all_stored
from tests.support.proxy import proxy_to
from tests.support.stack import Stack, Topics

pytestmark = pytest.mark.fault(24, "topic recreated in a pause")

Environment = Callable[..., dict[str, str]]


async def test_while_the_process_is_stopped(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics = made_topics
    await put(stack, topics.samples, samples("old", 15))
    async with ingest_process(ingest_environment(), tmp_path / "1.log") as ingest:
        await all_stored(stack, database, topics)
        ingest.freeze()
        await recreate(stack, topics)
        await put(stack, topics.samples, samples("new", 20))
        ingest.wake()
        await is_reported(ingest, topics, "the topic was recreated")
    assert stored(database) == {"old": 15}

    async with ingest_process(ingest_environment(), tmp_path / "2.log", "--accept-gap"):
        await all_stored(stack, database, topics)
    assert stored(database) == {"old": 15, "new": 20}


async def test_while_the_database_is_frozen(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics = made_topics
    await put(stack, topics.samples, samples("old", 100))
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through), tmp_path / "1.log") as ingest,
    ):
        await all_stored(stack, database, topics)
        proxy.freeze()
        await put(stack, topics.samples, samples("stuck", 50))
        await lags(ingest, topics, 50)
        await recreate(stack, topics)
        await put(stack, topics.samples, samples("new", 600))
        proxy.thaw()
        await is_reported(ingest, topics, "the topic was recreated")
    # What was read of the old log may be stored; nothing of the new one may pass for its sequel.
    assert "new" not in stored(database)

    async with ingest_process(ingest_environment(), tmp_path / "2.log", "--accept-gap"):
        await all_stored(stack, database, topics)
    assert stored(database)["new"] == 600
