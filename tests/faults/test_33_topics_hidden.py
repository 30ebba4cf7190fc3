"""A broker answers for a while without our topics, as one does that has just started."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.hiding_broker import hiding_broker
from tests.faults.recreated import samples, stored
from tests.support.ingest_process import ingest_process
from tests.support.kafka import put
from tests.support.oracle import all_stored
from tests.support.stack import Stack, Topics
from tests.support.waiting import until

pytestmark = pytest.mark.fault(33, "broker without our topics")

RESUMES_WITHIN_S = 30.0


async def test_it_goes_on_when_they_are_back(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    topics = made_topics
    async with hiding_broker(stack.kafka_bootstrap) as (broker, address):
        env = ingest_environment(FLEETGAUGE_KAFKA_BOOTSTRAP=address)
        async with ingest_process(env, tmp_path / "ingest.log") as ingest:
            await put(stack, topics.samples, samples("before", 3))
            await all_stored(stack, database, topics)
            broker.is_hiding = True
            broker.cut()

            async def has_none() -> bool:
                return await ingest.metric("fleetgauge_assigned_partitions") == 0

            await until(has_none, "an assignment without partitions", 60)
            broker.is_hiding = False
            await put(stack, topics.samples, samples("after", 4))
            await all_stored(stack, database, topics, RESUMES_WITHIN_S)
            assert await ingest.stop() == 0
    assert stored(database) == {"before": 3, "after": 4}
