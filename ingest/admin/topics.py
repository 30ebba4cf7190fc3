"""The topics on the broker: made by `fleetgauge migrate`, looked at by it, ingest and doctor."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from ingest.admin.topicfaults import Fault, TopicState, Weight, find_faults, lacks
from ingest.errors import HINT_KAFKA, sentence
from ingest.kafka.brokerclient import BrokerClient, TopicMetadata, open_broker
from ingest.kafka.topic import Topic, TopicError, TopicRight, config, topics, topics_to_create
from schemas.runtime.broker import start
from schemas.runtime.exits import DONE, FAILED
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings

log = structlog.get_logger("topics")

PATIENCE_S: Final = 30.0
RETRY_S: Final = 1.0
# Just made, a topic is not known to every broker at once.
KNOWN_WITHIN_S: Final = 2.0
MADE_WITHIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """The cluster's id, the partitions of each topic that is there, what is wrong with it."""

    cluster_id: str
    partitions: dict[str, list[int]]
    missing: list[str]
    faults: list[Fault]


async def inspect(
    kafka: KafkaSettings, wanted: Sequence[Topic], patience_s: float = KNOWN_WITHIN_S
) -> Inspection:
    """How the broker has these topics; raises KafkaError.

    One that it does not know is asked for again for a while: news of a new topic takes its time.
    """
    deadline = time.monotonic() + patience_s
    async with open_broker(kafka) as broker:
        while True:
            known = await broker.topics([topic.name for topic in wanted])
            missing = [name for name, topic in known.items() if _is_unknown(topic)]
            if not missing or time.monotonic() >= deadline:
                break
            await asyncio.sleep(KNOWN_WITHIN_S / 10)
        there = [topic for topic in wanted if topic.name not in missing]
        return Inspection(
            await broker.cluster_id(),
            {topic.name: sorted(known[topic.name].leaders) for topic in there},
            missing,
            await _faults(broker, there, known, kafka),
        )


def _is_unknown(topic: TopicMetadata) -> bool:
    return topic.error is UnknownTopicOrPartitionError


async def _faults(
    broker: BrokerClient,
    wanted: Sequence[Topic],
    known: dict[str, TopicMetadata],
    kafka: KafkaSettings,
) -> list[Fault]:
    hidden = [t for t in wanted if known[t.name].error is TopicAuthorizationFailedError]
    seen = [topic for topic in wanted if topic not in hidden]
    settings = await broker.settings([topic.name for topic in seen]) if seen else {}
    found = [lacks(topic, TopicRight.DESCRIBE, kafka) for topic in hidden if topic.use]
    for topic in seen:
        of_topic = known[topic.name]
        state = TopicState(settings[topic.name], of_topic.replicas, of_topic.rights)
        found += find_faults(topic, state, kafka)
    return found


async def check_topics(kafka: KafkaSettings) -> str:
    """The cluster's id, if ingest can do its work with every topic.

    Raises TopicError where it would lose records or stand still; what may be meant, or may be put
    right while it runs, is logged. Raises KafkaError where no broker answers.
    """
    found = await inspect(kafka, topics(kafka))
    for name in found.missing:
        raise TopicError(missing_sentence(name))
    refused = [fault.sentence for fault in found.faults if fault.weight is Weight.REFUSED]
    log_faults([fault for fault in found.faults if fault.weight is not Weight.REFUSED])
    if refused:
        raise TopicError("; ".join(refused))
    return found.cluster_id


def missing_sentence(name: str) -> str:
    """Of a topic that the broker does not know."""
    return f"topic {name} is missing: run 'fleetgauge migrate'"


def log_faults(faults: Sequence[Fault]) -> None:
    """A line each, with the command that fixes it."""
    for fault in faults:
        tell = log.warning if fault.weight is Weight.WARNING else log.error
        tell(fault.says, topic=fault.topic, hint=fault.fix)


async def partitions_of(kafka: KafkaSettings, names: Sequence[str]) -> list[TopicPartition]:
    """The partitions of topics; raises TopicError where there is no such topic, and KafkaError."""
    deadline = time.monotonic() + KNOWN_WITHIN_S
    async with open_broker(kafka) as broker:
        while True:
            known = await broker.topics(names)
            missing = [name for name in names if _is_unknown(known[name])]
            if not missing:
                break
            if time.monotonic() >= deadline:
                raise TopicError(missing_sentence(missing[0]))
            await asyncio.sleep(KNOWN_WITHIN_S / 10)
    return [
        TopicPartition(name, number) for name in names for number in sorted(known[name].leaders)
    ]


def create_topics(kafka: KafkaSettings, patience_s: float = PATIENCE_S) -> int:
    """Makes the topics that are missing and checks the others; an exit code.

    A broker that does not answer is asked again until `patience_s` have passed. What is wrong with
    a topic is told, all at once, with the commands that fix it: who made it may use it otherwise.
    """
    try:
        faults = asyncio.run(_once_it_answers(kafka, time.monotonic() + patience_s))
    except KafkaError as error:
        log.error(
            "Kafka cannot be used",
            bootstrap=kafka.kafka_bootstrap,
            error=sentence(error),
            hint=HINT_KAFKA,
        )
        return FAILED
    except TopicError as error:
        log.error(str(error))
        return FAILED
    log_faults(faults)
    return FAILED if any(fault.weight is not Weight.WARNING for fault in faults) else DONE


async def _once_it_answers(kafka: KafkaSettings, deadline: float) -> list[Fault]:
    while True:
        try:
            return await _create_topics(kafka)
        except KafkaError as error:
            if time.monotonic() >= deadline:
                raise
            log.warning("Kafka cannot be used, will try again", error=sentence(error))
            await asyncio.sleep(RETRY_S)


async def _create_topics(kafka: KafkaSettings) -> list[Fault]:
    wanted = topics_to_create(kafka)
    async with _admin(kafka) as admin:
        created = [topic for topic in wanted if await _create(admin, topic, kafka)]
    for topic in created:
        log.info("topic created", topic=topic.name, partitions=topic.partitions)
    found = await inspect(kafka, wanted, MADE_WITHIN_S)
    for name in found.missing:
        raise TopicError(
            f"topic {name} was made {MADE_WITHIN_S:.0f} s ago and the broker does not "
            "know it: look at the broker's log, then run this again"
        )
    # Its login is not ingest's, perhaps: what ingest does with them it need not be allowed.
    uses = {topic.use for topic in wanted}
    return [fault for fault in found.faults if fault.right is None or fault.right not in uses]


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


@asynccontextmanager
async def _admin(kafka: KafkaSettings) -> AsyncIterator[Any]:
    options = client_options(kafka)
    admin = AIOKafkaAdminClient(**options, client_id="fleetgauge", request_timeout_ms=10_000)
    await start(admin, options)
    try:
        yield admin
    finally:
        await admin.close()
