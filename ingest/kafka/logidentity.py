"""A partition log's identity: its topic id and its leader epoch, as reported by the leader.

A recreated topic has another id. A log loses records only when another replica, or the same one
after a restart, becomes the leader, which raises the leader epoch.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from uuid import UUID

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from ingest.kafka.topic import TopicError
from ingest.unexpectederrors import StepError

NO_ID: Final = UUID(int=0)
# Time for a leader's response, which may queue behind a full fetch response.
ANSWER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """A partition's log; differs if the log was recreated or may have lost records."""

    cluster_id: str
    topic_id: UUID
    leader_epoch: int


Identities = Mapping[TopicPartition, LogIdentity]


class LogChangedError(StepError):
    """A log has another topic id or leader epoch than when its partition was claimed."""

    def __init__(self, partition: TopicPartition, claimed: LogIdentity, found: LogIdentity) -> None:
        super().__init__(
            f"{partition.topic}/{partition.partition}: claimed with topic id {claimed.topic_id} "
            f"and leader epoch {claimed.leader_epoch}, now topic id {found.topic_id} and leader "
            f"epoch {found.leader_epoch}"
        )


class NoLeaderError(StepError):
    """A partition's leader is unknown or does not respond."""


def compare(claimed: Identities, found: Identities) -> None:
    """Raises LogChangedError if a log found is not the claimed one."""
    for partition, identity in found.items():
        if claimed[partition] != identity:
            raise LogChangedError(partition, claimed[partition], identity)


async def read_identities(
    client: Any, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, LogIdentity]:
    """The current identities of these logs, as reported by their leaders.

    The request uses the connection of the fetches: responses are in order, so all records received
    before were fetched before. A partition is missing if its leader is unknown, does not respond or
    is no longer the leader; the client's metadata are then refreshed. Raises TopicError if a broker
    is too old.
    """
    partitions = list(partitions)
    by_leader: dict[int | None, list[TopicPartition]] = defaultdict(list)
    for partition in partitions:
        by_leader[client.cluster.leader_for_partition(partition)].append(partition)
    # Concurrently: a broker that hangs does not delay the others.
    answers = await asyncio.gather(
        *(
            _ask(client, leader, led)
            for leader, led in by_leader.items()
            if leader is not None and leader >= 0
        )
    )
    found = {partition: identity for answer in answers for partition, identity in answer.items()}
    if len(found) < len(partitions):
        client.force_metadata_update()
    return found


async def _ask(
    client: Any, leader: int, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, LogIdentity]:
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await client.send(leader, _MetadataRequest({p.topic for p in partitions}))
    except NotImplementedError as error:
        raise TopicError(
            f"broker {leader} does not report the ids of topics: Kafka 2.8 or later is needed"
        ) from error
    except (KafkaError, TimeoutError):
        return {}
    led = {
        TopicPartition(topic, partition): LogIdentity(answer.cluster_id, topic_id, epoch)
        for _, topic, topic_id, _, reported, *_ in answer.topics
        for _, partition, node, epoch, *_ in reported
        if node == leader
    }
    return {partition: led[partition] for partition in partitions if partition in led}


# The library has no types.
class _Uuid(AbstractType[UUID]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class MetadataResponseV10(Response):  # type: ignore[misc]
    """Version 10, the first with topic ids; aiokafka has versions up to 5."""

    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString()),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class MetadataRequestV10(RequestStruct):  # type: ignore[misc]
    """Requests topics by name, without creating them."""

    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = MetadataResponseV10
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString()), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[MetadataRequestV10]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics = sorted(topics)

    def build(self, request_struct_class: type[MetadataRequestV10]) -> MetadataRequestV10:
        no_tags: dict[int, bytes] = {}
        topics = [(NO_ID, topic, no_tags) for topic in self._topics]
        return request_struct_class(topics, False, False, False, no_tags)
