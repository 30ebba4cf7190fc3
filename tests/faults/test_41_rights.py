"""A login without a right on the broker: ingest stalls, says so, and the doctor names the right."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest
from pydantic import SecretStr

from deploy.local import docker
from ingest.admin.doctor.examine import examine
from schemas.settings import KafkaSettings
from tests.integration.emit.topics import made
from tests.integration.ingest.test_ingest import minutes
from tests.support.ingest_process import ingest_process
from tests.support.kafka import Put, found, put
from tests.support.oracle import all_stored
from tests.support.secure_broker import (
    PASSWORD,
    PASSWORDS,
    PLAIN,
    USER,
    GuardedKafka,
    SecureBroker,
    secure_broker,
)
from tests.support.stack import Stack, Topics, database_settings, environment
from tests.support.waiting import until

pytestmark = [
    pytest.mark.fault(41, "a right that is missing"),
    pytest.mark.skipif(docker.answers(), reason="needs the broker of the native stack"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

# Kafka's numbers.
TOPIC, GROUP, CLUSTER = 2, 3, 4
READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS = 3, 4, 8, 10
LITERAL, ALLOW = 3, 3


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    with secure_broker(tmp_path_factory.mktemp("guarded"), GuardedKafka) as opened:
        yield opened


@pytest.fixture
def open_door(stack: Stack, broker: SecureBroker) -> Stack:
    """The same broker by the listener where everything is allowed."""
    return Stack(broker.bootstrap(PLAIN), stack.database_url)


@asynccontextmanager
async def _client(broker: SecureBroker) -> AsyncIterator[Any]:
    client = AIOKafkaClient(bootstrap_servers=broker.bootstrap(PLAIN))
    await client.bootstrap()
    try:
        yield client
    finally:
        await client.close()


async def grant(broker: SecureBroker, kind: int, name: str, *operations: int) -> None:
    async with _client(broker) as client:
        for operation in operations:
            acl = (kind, name, LITERAL, f"User:{USER}", "*", operation, ALLOW)
            answer = await client.send(client.get_random_node(), CreateAclsRequest(*acl))
            assert answer.creation_responses[0][0] == 0


async def revoke(broker: SecureBroker, kind: int, name: str, operation: int) -> None:
    async with _client(broker) as client:
        acl = (kind, name, LITERAL, f"User:{USER}", "*", operation, ALLOW)
        await client.send(client.get_random_node(), DeleteAclsRequest(*acl))


async def grant_what_the_page_says(broker: SecureBroker, topics: Topics, group: str) -> None:
    """The row of `ingest` in docs/operators/kafka-security.md."""
    for source in (topics.samples, topics.events):
        await grant(broker, TOPIC, source, READ, DESCRIBE, DESCRIBE_CONFIGS)
    await grant(broker, TOPIC, topics.deadletter, WRITE, DESCRIBE, DESCRIBE_CONFIGS)
    await grant(broker, GROUP, group, READ)
    await grant(broker, CLUSTER, "kafka-cluster", DESCRIBE)


def login(broker: SecureBroker, topics: Topics) -> KafkaSettings:
    return KafkaSettings(
        kafka_bootstrap=broker.bootstrap(PASSWORDS),
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username=USER,
        kafka_password=SecretStr(PASSWORD),
        kafka_ca_file=broker.authority,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )


def variables(
    database: str, stack: Stack, topics: Topics, broker: SecureBroker, **more: str
) -> dict[str, str]:
    login = {
        "FLEETGAUGE_KAFKA_BOOTSTRAP": broker.bootstrap(PASSWORDS),
        "FLEETGAUGE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "FLEETGAUGE_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "FLEETGAUGE_KAFKA_USERNAME": USER,
        "FLEETGAUGE_KAFKA_PASSWORD": PASSWORD,
        "FLEETGAUGE_KAFKA_CA_FILE": str(broker.authority),
    }
    return environment(database, stack, topics, **login, **more)


async def rights_missing(database: str, kafka: KafkaSettings) -> list[tuple[str, str | None]]:
    """What the doctor reports about rights, and the command that grants them."""
    found = await examine(database_settings(database), kafka, datetime.now(UTC))
    return [(finding.says, finding.hint) for finding in found if " right " in finding.says]


# Which right is taken, a record that needs it, and what the log says: before a record comes, and
# at every attempt from then on.
UNREADABLE = '"partition cannot be read"'
TAKEN = [
    ("deadletter", WRITE, "Write", b"{", "", '"step":"dead_letters"'),
    ("samples", READ, "Read", b"{", UNREADABLE, UNREADABLE),
]


@pytest.mark.parametrize(("topic", "operation", "name", "value", "at_once", "words"), TAKEN)
async def test_it_stalls_and_says_so(
    topic: str,
    operation: int,
    name: str,
    value: bytes,
    at_once: str,
    words: str,
    broker: SecureBroker,
    open_door: Stack,
    database: str,
    topics: Topics,
    tmp_path: Path,
) -> None:
    await made(open_door.kafka_bootstrap, topics)
    env = variables(database, open_door, topics, broker)
    await grant_what_the_page_says(broker, topics, env["FLEETGAUGE_CONSUMER_GROUP"])
    kafka, refused = login(broker, topics), getattr(topics, topic)
    assert await rights_missing(database, kafka) == []
    async with ingest_process(env, tmp_path / "ingest.log") as ingest:
        await put(open_door, topics.samples, minutes("before", 2))
        await all_stored(open_door, database, topics)
        await revoke(broker, TOPIC, refused, operation)

        async def is_missing() -> bool:
            return bool(await rights_missing(database, kafka))

        # A fetch that was allowed before the right went would still bring what comes next.
        await until(is_missing, "the broker without the right", 60)
        await ingest.said(at_once)
        await put(open_door, topics.samples, [Put(value, b"k"), *minutes("behind", 3)])
        await ingest.said(words, times=2)
        denied = f"the broker denies this login access (TopicAuthorizationFailedError: {refused})"
        assert denied in ingest.log.replace("\\", "")
        ((says, command),) = await rights_missing(database, kafka)
        assert says == f"this login lacks the right {name} on topic {refused}"
        assert command is not None
        assert f"--operation {name} --topic {refused}" in command
        assert samples_stored(database) == 2
        await grant(broker, TOPIC, refused, operation)
        await all_stored(open_door, database, topics)
        assert samples_stored(database) == 5
        assert await ingest.stop() == 0
    assert [letter.value for letter in await found(open_door, topics.deadletter)] == [value]


def samples_stored(database: str) -> int:
    with psycopg.connect(database) as connection:
        ((count,),) = connection.execute("select count(*) from agent_samples").fetchall()
    return int(count)


async def test_what_is_missing_from_the_start_is_named_and_waited_for(
    broker: SecureBroker, open_door: Stack, database: str, topics: Topics, tmp_path: Path
) -> None:
    await made(open_door.kafka_bootstrap, topics)
    env = variables(database, open_door, topics, broker)
    group = env["FLEETGAUGE_CONSUMER_GROUP"]
    await put(open_door, topics.samples, minutes("a", 2))
    async with ingest_process(env, tmp_path / "ingest.log") as ingest:
        await ingest.said(f"this login lacks the right Describe on topic {topics.deadletter}")
        await ingest.said(f"(GroupAuthorizationFailedError: {group})")
        await grant_what_the_page_says(broker, topics, group)

        async def stored() -> bool:
            return samples_stored(database) == 2

        await until(stored, "what waited", 90)
        assert await ingest.stop() == 0
