"""The topics that Fleetgauge uses: names, sizes, settings and required rights."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ingest.unexpectederrors import StepError
from schemas.settings import KafkaSettings

DAY_MS: Final = 86_400_000
TIMESTAMP_TYPE: Final = "message.timestamp.type"
CLEANUP: Final = "cleanup.policy"
MAX_BYTES: Final = "max.message.bytes"
MIN_REPLICAS: Final = "min.insync.replicas"
RETENTION_MS: Final = "retention.ms"
RETENTION_BYTES: Final = "retention.bytes"
# Headers that ingest adds to an original record, and the overhead of the record batch.
ADDED_BYTES: Final = 16 * 1024


class TopicError(StepError):
    """A topic does not meet ingest's requirements; the message names it and the fix."""


class TopicRight(Enum):
    """An ACL operation on a topic: its name in Kafka's tools, and its bit."""

    READ = ("Read", 1 << 3)
    WRITE = ("Write", 1 << 4)
    DESCRIBE = ("Describe", 1 << 8)
    DESCRIBE_CONFIGS = ("DescribeConfigs", 1 << 10)


@dataclass(frozen=True, slots=True)
class Topic:
    """A required topic.

    `max_bytes` is the `max.message.bytes` with which `migrate` creates it, `least_bytes` the
    minimum that ingest requires, `use` the right that ingest needs, if any.
    """

    name: str
    partitions: int
    max_bytes: int
    least_bytes: int
    use: TopicRight | None
    cleanup: str = "delete"


def original_max_bytes(kafka: KafkaSettings) -> int:
    """The maximum size of an original record in its dead letter; twice a source's limit."""
    return 2 * _source_max_bytes(kafka)


def dead_letter_max_bytes(kafka: KafkaSettings) -> int:
    """The maximum size of a dead letter: an original record with added headers."""
    return original_max_bytes(kafka) + ADDED_BYTES


def _source_max_bytes(kafka: KafkaSettings) -> int:
    return 2 * kafka.message_max_bytes


def topics(kafka: KafkaSettings) -> list[Topic]:
    """Ingest's three topics. The sources accept larger messages than ingest, so that an oversized
    message becomes a dead letter."""
    source_bytes, least = _source_max_bytes(kafka), kafka.message_max_bytes
    letter_bytes = dead_letter_max_bytes(kafka)
    return [
        Topic(kafka.samples_topic, kafka.samples_partitions, source_bytes, least, TopicRight.READ),
        Topic(kafka.events_topic, kafka.events_partitions, source_bytes, least, TopicRight.READ),
        Topic(kafka.deadletter_topic, 1, letter_bytes, letter_bytes, TopicRight.WRITE),
    ]


def topics_to_create(kafka: KafkaSettings) -> list[Topic]:
    """The same, and the topic in which `fleetgauge dlq` records replayed dead letters."""
    # Compacted, so that replays are recorded permanently: how long the broker really keeps a dead
    # letter is not known.
    replayed = Topic(kafka.replayed_topic, 1, kafka.message_max_bytes, 0, None, "compact")
    return [*topics(kafka), replayed]


def config(topic: Topic, kafka: KafkaSettings) -> dict[str, str]:
    """The settings with which `migrate` creates a topic."""
    # With three or more replicas, acknowledged records survive the loss of a broker.
    safety = {MIN_REPLICAS: "2"} if kafka.topic_replication > 2 else {}
    return {
        # Records must carry the broker's time, whatever the producer sends.
        TIMESTAMP_TYPE: "LogAppendTime",
        MAX_BYTES: str(topic.max_bytes),
        RETENTION_MS: str(kafka.topic_retention_days * DAY_MS),
        CLEANUP: topic.cleanup,
        **safety,
    }
