"""Faults of existing topics: each is a sentence with the command that fixes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ingest.kafka.topic import (
    CLEANUP,
    DAY_MS,
    MAX_BYTES,
    MIN_REPLICAS,
    RETENTION_BYTES,
    RETENTION_MS,
    TIMESTAMP_TYPE,
    Topic,
    TopicRight,
)
from schemas.settings import KafkaSettings

# Reported by a broker that does not return the login's rights.
UNKNOWN_RIGHTS: Final = -(2**31)


class Weight(Enum):
    """REFUSED: ingest does not start. PROBLEM: it will stall some day. WARNING: may be intended."""

    REFUSED = auto()
    PROBLEM = auto()
    WARNING = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """`says` names the topic, the setting, its value and the needed value; `fix` is a command.

    `right` is the missing right, if that is the fault.
    """

    topic: str
    weight: Weight
    says: str
    fix: str
    right: TopicRight | None = None

    @property
    def sentence(self) -> str:
        return f"{self.says}: run '{self.fix}'"


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic's state on the broker.

    `settings` is None if the login may not describe them. `replicas` is the minimum over the
    partitions. `rights` has one bit per operation.
    """

    settings: Mapping[str, str] | None
    replicas: int
    rights: int


def find_faults(topic: Topic, state: TopicState, kafka: KafkaSettings) -> list[Fault]:
    """All faults of a topic, missing rights first."""
    found = []
    if topic.use and state.rights != UNKNOWN_RIGHTS and not state.rights & topic.use.value[1]:
        found.append(lacks(topic, topic.use, kafka))
    if state.settings is None:
        return [*found, lacks(topic, TopicRight.DESCRIBE_CONFIGS, kafka)]
    for name, needed, why, weight in _wrong(topic, state.settings, state.replicas, kafka):
        says = f"topic {topic.name} has {name}={state.settings[name]}, but needs {needed}, {why}"
        found.append(Fault(topic.name, weight, says, altering(topic.name, name, needed, kafka)))
    return found


def lacks(topic: Topic, right: TopicRight, kafka: KafkaSettings) -> Fault:
    """The fault of a missing right. It may be granted while ingest runs."""
    operation = right.value[0]
    says = f"this login lacks the right {operation} on topic {topic.name}"
    principal = f"User:{kafka.kafka_username or 'NAME'}"
    fix = (
        f"kafka-acls.sh {_addressed(kafka)} --add --allow-principal {principal} "
        f"--operation {operation} --topic {topic.name}"
    )
    weight = Weight.WARNING if right is TopicRight.DESCRIBE_CONFIGS else Weight.PROBLEM
    return Fault(topic.name, weight, says, fix, right)


_Wrong = tuple[str, str, str, Weight]


def _wrong(
    topic: Topic, settings: Mapping[str, str], replicas: int, kafka: KafkaSettings
) -> Iterator[_Wrong]:
    """Yields each wrong setting with the needed value, the reason and the severity."""
    if settings[TIMESTAMP_TYPE] != "LogAppendTime":
        why = "because the broker's clock decides which events are too late"
        yield TIMESTAMP_TYPE, "LogAppendTime", why, Weight.REFUSED
    if (topic.cleanup == "compact") != ("compact" in settings[CLEANUP].split(",")):
        yield CLEANUP, topic.cleanup, _why_cleanup(topic), Weight.REFUSED
    if int(settings[MAX_BYTES]) < topic.least_bytes:
        yield MAX_BYTES, str(topic.max_bytes), _why_size(topic, kafka), Weight.REFUSED
    if int(settings[MIN_REPLICAS]) > replicas:
        # Ingest can still read, but nobody can send to the topic.
        weight = Weight.REFUSED if topic.use is TopicRight.WRITE else Weight.PROBLEM
        why = "the number of its replicas: it rejects every record sent with acks=all"
        yield MIN_REPLICAS, str(replicas), why, weight
    if topic.cleanup == "delete":
        yield from _short_retention(settings, kafka)


def _why_cleanup(topic: Topic) -> str:
    if topic.cleanup == "compact":
        return "or the records of replays are deleted before the dead letters"
    return "because compaction removes records with repeated keys, even if they are not stored yet"


def _why_size(topic: Topic, kafka: KafkaSettings) -> str:
    if topic.use is TopicRight.WRITE:
        return f"because the longest dead letters need at least {topic.least_bytes}"
    return (
        f"or lower FLEETGAUGE_MESSAGE_MAX_BYTES from {kafka.message_max_bytes} to the topic's "
        "value: messages in between cannot be sent"
    )


def _short_retention(settings: Mapping[str, str], kafka: KafkaSettings) -> Iterator[_Wrong]:
    days = kafka.topic_retention_days
    wanted_ms = days * DAY_MS
    if 0 <= int(settings[RETENTION_MS]) < wanted_ms:
        why = (
            f"or FLEETGAUGE_TOPIC_RETENTION_DAYS less than {days}: "
            "an outage of that length would lose the records deleted meanwhile"
        )
        yield RETENTION_MS, str(wanted_ms), why, Weight.WARNING
    if int(settings[RETENTION_BYTES]) >= 0:
        why = "because a full partition deletes records that are not stored yet"
        yield RETENTION_BYTES, "-1", why, Weight.WARNING


def altering(topic: str, name: str, value: str, kafka: KafkaSettings) -> str:
    """The command that changes a topic's setting."""
    return (
        f"kafka-configs.sh {_addressed(kafka)} --alter --entity-type topics "
        f"--entity-name {topic} --add-config {name}={value}"
    )


def _addressed(kafka: KafkaSettings) -> str:
    """The connection options of Kafka's tools; credentials are in a separate file."""
    login = "" if kafka.kafka_security_protocol == "PLAINTEXT" else " --command-config FILE"
    return f"--bootstrap-server {kafka.kafka_bootstrap}{login}"
