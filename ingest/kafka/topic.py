"""The topics as Fleetgauge wants them: names, sizes, settings, and what is done with each."""

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
# What ingest adds to an original, and the batch that a letter is sent in.
ADDED_BYTES: Final = 16 * 1024


class TopicError(StepError):
    """A topic is not as ingest needs it; the message names it and says what to do."""


class TopicRight(Enum):
    """An operation on a topic that a login may be allowed: its name for Kafka's tools, and bit."""

    READ = ("Read", 1 << 3)
    WRITE = ("Write", 1 << 4)
    DESCRIBE = ("Describe", 1 << 8)
    DESCRIBE_CONFIGS = ("DescribeConfigs", 1 << 10)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as Fleetgauge wants it.

    `max_bytes` bounds a message where `migrate` makes the topic, `least_bytes` is the bound that
    it has to have at least, `use` is what ingest does with it, if anything.
    """

    name: str
    partitions: int
    max_bytes: int
    least_bytes: int
    use: TopicRight | None
    cleanup: str = "delete"


def original_max_bytes(kafka: KafkaSettings) -> int:
    """How much of a record its dead letter carries: more than a source takes, if uncompressed."""
    return 2 * _source_max_bytes(kafka)


def dead_letter_max_bytes(kafka: KafkaSettings) -> int:
    """The longest dead letter: an original, and what is told of it."""
    return original_max_bytes(kafka) + ADDED_BYTES


def _source_max_bytes(kafka: KafkaSettings) -> int:
    return 2 * kafka.message_max_bytes


def topics(kafka: KafkaSettings) -> list[Topic]:
    """Ingest's three. The sources take more than ingest does, so that an oversized message is told
    in a dead letter."""
    source_bytes, least = _source_max_bytes(kafka), kafka.message_max_bytes
    letter_bytes = dead_letter_max_bytes(kafka)
    return [
        Topic(kafka.samples_topic, kafka.samples_partitions, source_bytes, least, TopicRight.READ),
        Topic(kafka.events_topic, kafka.events_partitions, source_bytes, least, TopicRight.READ),
        Topic(kafka.deadletter_topic, 1, letter_bytes, letter_bytes, TopicRight.WRITE),
    ]


def topics_to_create(kafka: KafkaSettings) -> list[Topic]:
    """The same, and the one in which `fleetgauge dlq` keeps what it has replayed."""
    # Which dead letters have been replayed is kept for as long as they may be there: for good, for
    # how long the broker really keeps a dead letter, nobody can say.
    replayed = Topic(kafka.replayed_topic, 1, kafka.message_max_bytes, 0, None, "compact")
    return [*topics(kafka), replayed]


def config(topic: Topic, kafka: KafkaSettings) -> dict[str, str]:
    """A topic's settings on the broker, as `migrate` makes it."""
    # What is acknowledged survives the loss of a broker, where there are others to keep it.
    safety = {MIN_REPLICAS: "2"} if kafka.topic_replication > 2 else {}
    return {
        # "The broker's clock" of the contract must be in the record, whoever sent it.
        TIMESTAMP_TYPE: "LogAppendTime",
        MAX_BYTES: str(topic.max_bytes),
        RETENTION_MS: str(kafka.topic_retention_days * DAY_MS),
        CLEANUP: topic.cleanup,
        **safety,
    }
