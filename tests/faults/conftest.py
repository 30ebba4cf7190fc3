"""What the cases share: a database that is audited, topics, a ledger of what was sent."""

from collections.abc import AsyncIterator, Callable

import pytest

from ingest.admin.topics import create_topics
from schemas.settings import KafkaSettings
from tests.faults.audit import install
from tests.faults.ledger import Ledger, open_ledger
from tests.faults.plugin import Case
from tests.support.stack import Stack, Topics, environment, migrate


@pytest.fixture
def database(empty_database: str) -> str:
    """The URL of a migrated database that only this test uses, with the audit in it."""
    migrate(empty_database)
    install(empty_database)
    return empty_database


@pytest.fixture
def variables(database: str, stack: Stack, topics: Topics) -> dict[str, str]:
    """The environment of a service over this test's database; nobody has made its topics."""
    return environment(database, stack, topics)


@pytest.fixture
def made_topics(stack: Stack, topics: Topics) -> Topics:
    """This test's topics, made."""
    create_topics(
        KafkaSettings(
            kafka_bootstrap=stack.kafka_bootstrap,
            samples_topic=topics.samples,
            events_topic=topics.events,
            deadletter_topic=topics.deadletter,
        )
    )
    return topics


@pytest.fixture
def ingest_environment(
    database: str, stack: Stack, made_topics: Topics
) -> Callable[..., dict[str, str]]:
    """The environment of an ingest on this test's topics; `url` may be another way there."""

    def build(url: str = database, **more: str) -> dict[str, str]:
        return environment(url, stack, made_topics, **more)

    return build


@pytest.fixture
async def ledger(
    stack: Stack, database: str, made_topics: Topics, case: Case
) -> AsyncIterator[Ledger]:
    """What this test sends, and the account of it."""
    async with open_ledger(stack, database, made_topics, case.record) as opened:
        yield opened
