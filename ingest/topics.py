"""The topics: made by `fleetgauge migrate`, checked by ingest at its start."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from ingest.errors import MEND_KAFKA, sentence
from ingest.unexpected import StepError
from schemas.broker import start
from schemas.exits import DONE, FAILED
from schemas.kafka import client_options
from schemas.settings import KafkaSettings

log = structlog.get_logger("migrate")

PATIENCE_S: Final = 30.0
RETRY_S: Final = 1.0
# Just made, a topic is not known to every broker at once.
KNOWN_WITHIN_S: Final = 2.0
MADE_WITHIN_S: Final = 30.0
UNKNOWN: Final = UnknownTopicOrPartitionError.errno
DAY_MS: Final = 86_400_000
TIMESTAMP_TYPE: Final = "message.timestamp.type"
MAX_BYTES: Final = "max.message.bytes"
RETENTION: Final = "retention.ms"
# What ingest adds to an original, and the batch that a letter is sent in.
ADDED_BYTES: Final = 16 * 1024


class TopicError(StepError):
    """A topic is not as ingest needs it; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as Fleetgauge wants it; `max_bytes` bounds a message."""

    name: str
    partitions: int
    max_bytes: int
    cleanup: str = "delete"


def original_max_bytes(kafka: KafkaSettings) -> int:
    """How much of a record its dead letter carries: more than a source takes, if uncompressed."""
    return 2 * _source_max_bytes(kafka)


def letter_max_bytes(kafka: KafkaSettings) -> int:
    """The longest dead letter: an original, and what is told of it."""
    return original_max_bytes(kafka) + ADDED_BYTES


def _source_max_bytes(kafka: KafkaSettings) -> int:
    return 2 * kafka.message_max_bytes


def topics(kafka: KafkaSettings) -> list[Topic]:
    """Ingest's three. The sources take more than ingest does, so that an oversized message is told
    in a dead letter."""
    source_bytes = _source_max_bytes(kafka)
    return [
        Topic(kafka.samples_topic, kafka.samples_partitions, source_bytes),
        Topic(kafka.events_topic, kafka.events_partitions, source_bytes),
        Topic(kafka.deadletter_topic, 1, letter_max_bytes(kafka)),
    ]


def _to_make(kafka: KafkaSettings) -> list[Topic]:
    # Which dead letters have been replayed is kept for as long as they may be there: for good, for
    # how long the broker really keeps a dead letter, nobody can say.
    replayed = Topic(kafka.replayed_topic, 1, kafka.message_max_bytes, "compact")
    return [*topics(kafka), replayed]


def create_topics(kafka: KafkaSettings, patience_s: float = PATIENCE_S) -> int:
    """Makes the topics that are missing and checks the others; an exit code.

    A broker that does not answer is asked again until `patience_s` have passed.
    """
    try:
        asyncio.run(_once_it_answers(kafka, time.monotonic() + patience_s))
    except KafkaError as error:
        log.error(
            "Kafka cannot be used",
            bootstrap=kafka.kafka_bootstrap,
            error=sentence(error),
            mend=MEND_KAFKA,
        )
        return FAILED
    except TopicError as error:
        log.error(str(error))
        return FAILED
    return DONE


async def check_topics(kafka: KafkaSettings) -> str:
    """The cluster's id, if every topic is there and stamped by the broker; raises TopicError."""
    async with _admin(kafka) as admin:
        cluster = await admin.describe_cluster()
        unknown = await _unknown(admin, topics(kafka), KNOWN_WITHIN_S)
        for topic in topics(kafka):
            if topic in unknown:
                raise TopicError(f"topic {topic.name} is missing: run 'fleetgauge migrate'")
            await _check_timestamps(admin, topic)
            if topic.name == kafka.deadletter_topic:
                await _warn_of_short_letters(admin, topic)
    return str(cluster["cluster_id"])


async def retention_of(kafka: KafkaSettings, name: str) -> timedelta | None:
    """How long the broker keeps a topic's records; None: for good. Raises KafkaError."""
    async with _admin(kafka) as admin:
        found = int(await _setting(admin, name, RETENTION))
    return None if found < 0 else timedelta(milliseconds=found)


async def _unknown(
    admin: AIOKafkaAdminClient, wanted: Iterable[Topic], patience_s: float
) -> list[Topic]:
    """Those that the broker has not heard of after a while: news of a new topic takes its time."""
    deadline = time.monotonic() + patience_s
    while True:
        there = set(await admin.list_topics())
        unknown = [topic for topic in wanted if topic.name not in there]
        if not unknown or time.monotonic() >= deadline:
            return unknown
        await asyncio.sleep(KNOWN_WITHIN_S / 10)


async def partitions_of(kafka: KafkaSettings, name: str) -> list[int]:
    """A topic's partitions; raises TopicError where there is no such topic."""
    deadline = time.monotonic() + KNOWN_WITHIN_S
    async with _admin(kafka) as admin:
        while (found := await _describe(admin, name))["error_code"] == UNKNOWN:
            if time.monotonic() >= deadline:
                raise TopicError(f"topic {name} is missing: run 'fleetgauge migrate'")
            await asyncio.sleep(KNOWN_WITHIN_S / 10)
    return sorted(partition["partition"] for partition in found["partitions"])


async def _describe(admin: AIOKafkaAdminClient, name: str) -> Any:
    (found,) = await admin.describe_topics([name])
    return found


async def _once_it_answers(kafka: KafkaSettings, deadline: float) -> None:
    while True:
        try:
            return await _create_topics(kafka)
        except KafkaError as error:
            if time.monotonic() >= deadline:
                raise
            log.warning("Kafka cannot be used, will try again", error=sentence(error))
            await asyncio.sleep(RETRY_S)


async def _create_topics(kafka: KafkaSettings) -> None:
    async with _admin(kafka) as admin:
        for topic in _to_make(kafka):
            created = await _create(admin, topic, kafka)
            if created:
                log.info("topic created", topic=topic.name, partitions=topic.partitions)
            else:
                await _check_timestamps(admin, topic)
        for topic in await _unknown(admin, _to_make(kafka), MADE_WITHIN_S):
            raise TopicError(
                f"topic {topic.name} was made {MADE_WITHIN_S:.0f} s ago and the broker does not "
                "know it: look at the broker's log, then run this again"
            )


def config(topic: Topic, kafka: KafkaSettings) -> dict[str, str]:
    """A topic's settings on the broker, as `migrate` makes it."""
    # What is acknowledged survives the loss of a broker, where there are others to keep it.
    safety = {"min.insync.replicas": "2"} if kafka.topic_replication > 2 else {}
    return {
        # "The broker's clock" of the contract must be in the record, whoever sent it.
        TIMESTAMP_TYPE: "LogAppendTime",
        MAX_BYTES: str(topic.max_bytes),
        RETENTION: str(kafka.topic_retention_days * DAY_MS),
        "cleanup.policy": topic.cleanup,
        **safety,
    }


async def _create(admin: AIOKafkaAdminClient, topic: Topic, kafka: KafkaSettings) -> bool:
    """Whether it was missing; another `migrate` may be at the same work."""
    new = NewTopic(
        topic.name, topic.partitions, kafka.topic_replication, topic_configs=config(topic, kafka)
    )
    response = await admin.create_topics([new])
    ((_, code, *rest),) = response.topic_errors
    problem = for_code(code)
    if problem is TopicAlreadyExistsError:
        return False
    if code != 0:
        raise TopicError(f"topic {topic.name} cannot be made: {rest[0] or problem.__name__}")
    return True


async def _check_timestamps(admin: AIOKafkaAdminClient, topic: Topic) -> None:
    found = await _setting(admin, topic.name, TIMESTAMP_TYPE)
    if found != "LogAppendTime":
        raise TopicError(
            f"topic {topic.name} has {TIMESTAMP_TYPE}={found}, needed is LogAppendTime: "
            f"run '{altering(topic.name, TIMESTAMP_TYPE, 'LogAppendTime')}'"
        )


async def _warn_of_short_letters(admin: AIOKafkaAdminClient, topic: Topic) -> None:
    """Ingest stands still at a dead letter that does not fit, and most do: no reason to stop."""
    found = int(await _setting(admin, topic.name, MAX_BYTES))
    if found < topic.max_bytes:
        log.warning(
            "the longest dead letters do not fit their topic",
            topic=topic.name,
            max_message_bytes=found,
            run=altering(topic.name, MAX_BYTES, str(topic.max_bytes)),
        )


async def _setting(admin: AIOKafkaAdminClient, topic: str, name: str) -> str:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, {name: None})
    (response,) = await admin.describe_configs([resource])
    ((code, _, _, _, found),) = response.resources
    if code != 0:
        # Just made by another `migrate`, a topic is not known to every broker at once.
        raise for_code(code)(f"topic {topic}")
    return str({name: value for name, value, *_ in found}.get(name))


def altering(topic: str, name: str, value: str) -> str:
    """The command that gives a topic a setting."""
    return (
        f"kafka-configs.sh --alter --entity-type topics --entity-name {topic} "
        f"--add-config {name}={value}"
    )


@asynccontextmanager
async def _admin(kafka: KafkaSettings) -> AsyncIterator[Any]:
    options = client_options(kafka)
    admin = AIOKafkaAdminClient(**options, client_id="fleetgauge", request_timeout_ms=10_000)
    await start(admin, options)
    try:
        yield admin
    finally:
        await admin.close()
