"""One consumer group on two databases, and two groups on one: each is reported, and by name."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from ingest.admin.doctor.examine import examine
from ingest.admin.doctor.finding import Level
from schemas.settings import KafkaSettings
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.stack import Stack, Topics, created_database, database_settings, migrate
from tests.support.waiting import until

# A minute from the moment at which both have claimed; the rest is for a busy machine.
BOUND_S = 90.0
CONFLICT = 'fleetgauge_group_conflict{{kind="{}"}}'

Environment = Callable[..., dict[str, str]]

pytestmark = pytest.mark.fault(37, "groups and databases mixed up")


@pytest.fixture
def other_database(stack: Stack) -> Iterator[str]:
    """The URL of a second migrated database."""
    with created_database(stack.database_url, f"other_{uuid4().hex[:16]}") as url:
        migrate(url)
        yield url


@pytest.fixture
def kafka(stack: Stack, made_topics: Topics) -> KafkaSettings:
    return KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=made_topics.samples,
        events_topic=made_topics.events,
        deadletter_topic=made_topics.deadletter,
    )


@asynccontextmanager
async def both(folder: Path, *environments: dict[str, str]) -> AsyncIterator[list[IngestProcess]]:
    """An ingest in each of these environments; all have claimed."""
    async with AsyncExitStack() as stack:
        processes = []
        for number, environment in enumerate(environments):
            log = folder / f"{number}.log"
            process = await stack.enter_async_context(ingest_process(environment, log))
            await process.said('"claimed"')
            processes.append(process)
        yield processes


async def until_metric(process: IngestProcess, kind: str, value: float) -> None:
    async def probe() -> bool:
        return await process.metric(CONFLICT.format(kind)) == value

    await until(probe, f"{CONFLICT.format(kind)} {value}\n{process.log}", BOUND_S)


async def found(database: str, kafka: KafkaSettings, check: str) -> tuple[Level, str]:
    """What the doctor says under a check."""
    findings = await examine(database_settings(database), kafka, datetime.now(UTC))
    ((level, says),) = [(f.level, f.says) for f in findings if f.check == check]
    return level, says


async def test_one_group_on_two_databases(
    database: str,
    other_database: str,
    kafka: KafkaSettings,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    names = [url.rpartition("/")[2] for url in (database, other_database)]
    environments = ingest_environment(), ingest_environment(other_database)
    async with both(tmp_path, *environments) as (here, there):
        for process, other in ((here, names[1]), (there, names[0])):
            await until_metric(process, "databases", 1)
            await process.said("another database stores partitions of this consumer group")
            assert f'"others":"{other} at ' in process.log.replace(": ", ":")
            assert await process.metric(CONFLICT.format("groups")) == 0
        level, says = await found(database, kafka, "databases")
        assert level is Level.PROBLEM
        assert names[1] in says
        # The operator ends it; what is left reports no more.
        assert await there.stop() == 0
        await until_metric(here, "databases", 0)
        assert (await found(database, kafka, "databases"))[0] is Level.OK


async def test_two_groups_on_one_database(
    database: str, kafka: KafkaSettings, ingest_environment: Environment, tmp_path: Path
) -> None:
    groups = ["group-" + uuid4().hex[:8] for _ in range(2)]
    environments = [ingest_environment(FLEETGAUGE_CONSUMER_GROUP=group) for group in groups]
    async with both(tmp_path, *environments) as (first, second):
        for process, other in ((first, groups[1]), (second, groups[0])):
            await until_metric(process, "groups", 1)
            await process.said("other consumer groups write to this database")
            assert f'"others":"{other}"' in process.log.replace(": ", ":")
            assert await process.metric(CONFLICT.format("databases")) == 0
        level, says = await found(database, kafka, "groups")
        assert level is Level.PROBLEM
        assert all(group in says for group in groups)
