"""The topics on the broker: `fleetgauge migrate` creates them; it, ingest and doctor check them."""

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
# A new topic takes time to be known to every broker.
KNOWN_WITHIN_S: Final = 2.0
MADE_WITHIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """The cluster's id, the partitions of each existing topic, and the faults found."""

    cluster_id: str
    partitions: dict[str, list[int]]
    missing: list[str]
    faults: list[Fault]


async def inspect(
    kafka: KafkaSettings, wanted: Sequence[Topic], patience_s: float = KNOWN_WITHIN_S
) -> Inspection:
    """Checks these topics on the broker; raises KafkaError.

    Retries unknown topics for `patience_s`, because metadata of a new topic takes time to spread.
    """
    deadline = time.monotonic() + patience_s
    async with open_broker(kafka) as broker:
        while True:
            known = await broker.topics([topic.name for topic in wanted])
            missing = [name for name, topic in known.items() if _is_unknown(topic)]
            if not missing or time.monotonic() >= deadline:
                break
            await asyncio.sleep(KNOWN_WITHIN_S / 10)
        existing = [topic for topic in wanted if topic.name not in missing]
        return Inspection(
            await broker.cluster_id(),
            {topic.name: sorted(known[topic.name].leaders) for topic in existing},
            missing,
            await _faults(broker, existing, known, kafka),
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
    """Returns the cluster's id if ingest can work with every topic.

    Raises TopicError if ingest would lose records or stall. Logs faults that may be intended or
    can be fixed while it runs. Raises KafkaError if no broker answers.
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
    """The error for a topic that the broker does not know."""
    return f"topic {name} is missing: run 'fleetgauge migrate'"


def log_faults(faults: Sequence[Fault]) -> None:
    """Logs one line per fault, with the command that fixes it."""
    for fault in faults:
        log_fault = log.warning if fault.weight is Weight.WARNING else log.error
        log_fault(fault.says, topic=fault.topic, hint=fault.fix)


async def partitions_of(kafka: KafkaSettings, names: Sequence[str]) -> list[TopicPartition]:
    """The partitions of topics; raises TopicError if a topic is missing, and KafkaError."""
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
    """Creates missing topics and checks the others; returns an exit code.

    Retries for `patience_s` if the broker does not answer. Existing topics are never altered, as
    others may use them: all their faults are logged with the commands that fix them.
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
            f"topic {name} was created {MADE_WITHIN_S:.0f} s ago, but the broker does not know it: "
            "see the broker's log, then run this again"
        )
    # This login may differ from ingest's, so it need not have the rights that ingest uses.
    uses = {topic.use for topic in wanted}
    return [fault for fault in found.faults if fault.right is None or fault.right not in uses]


async def _create(admin: AIOKafkaAdminClient, topic: Topic, kafka: KafkaSettings) -> bool:
    """Returns whether it created the topic; another `migrate` may create it at the same time."""
    new = NewTopic(
        topic.name, topic.partitions, kafka.topic_replication, topic_configs=config(topic, kafka)
    )
    response = await admin.create_topics([new])
    ((_, code, *rest),) = response.topic_errors
    problem = for_code(code)
    if problem is TopicAlreadyExistsError:
        return False
    if code != 0:
        raise TopicError(f"cannot create topic {topic.name}: {rest[0] or problem.__name__}")
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
