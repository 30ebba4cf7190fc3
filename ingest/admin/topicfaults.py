"""What is wrong with a topic that is there: a sentence, and the command that fixes it."""

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

# The broker does not say what the login may do.
UNKNOWN_RIGHTS: Final = -(2**31)


class Weight(Enum):
    """What comes of a fault: ingest does not start; it stands still some day; it may be meant."""

    REFUSED = auto()
    PROBLEM = auto()
    WARNING = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """`says` names topic, setting, value and what is needed; `fix` is a command.

    `right` is what the login lacks, where that is the fault.
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
    """How the broker has a topic.

    `settings` are None where the login may not ask for them, `replicas` the fewest of a partition,
    `rights` one bit an operation.
    """

    settings: Mapping[str, str] | None
    replicas: int
    rights: int


def find_faults(topic: Topic, state: TopicState, kafka: KafkaSettings) -> list[Fault]:
    """All of them, rights first."""
    found = []
    if topic.use and state.rights != UNKNOWN_RIGHTS and not state.rights & topic.use.value[1]:
        found.append(lacks(topic, topic.use, kafka))
    if state.settings is None:
        return [*found, lacks(topic, TopicRight.DESCRIBE_CONFIGS, kafka)]
    for name, needed, why, weight in _wrong(topic, state.settings, state.replicas, kafka):
        says = f"topic {topic.name} has {name}={state.settings[name]}, needed is {needed}, {why}"
        found.append(Fault(topic.name, weight, says, altering(topic.name, name, needed, kafka)))
    return found


def lacks(topic: Topic, right: TopicRight, kafka: KafkaSettings) -> Fault:
    """The fault of a login without a right, which may be given while ingest runs."""
    operation = right.value[0]
    says = f"this login has no right {operation} on topic {topic.name}"
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
    """A setting, the value that it needs, why, and what comes of it."""
    if settings[TIMESTAMP_TYPE] != "LogAppendTime":
        why = "for the broker's clock decides what is too late"
        yield TIMESTAMP_TYPE, "LogAppendTime", why, Weight.REFUSED
    if (topic.cleanup == "compact") != ("compact" in settings[CLEANUP].split(",")):
        yield CLEANUP, topic.cleanup, _why_cleanup(topic), Weight.REFUSED
    if int(settings[MAX_BYTES]) < topic.least_bytes:
        yield MAX_BYTES, str(topic.max_bytes), _why_size(topic, kafka), Weight.REFUSED
    if int(settings[MIN_REPLICAS]) > replicas:
        # Ingest reads all the same, but nobody can send to it.
        weight = Weight.REFUSED if topic.use is TopicRight.WRITE else Weight.PROBLEM
        why = "for it has no more replicas, and takes nothing that is sent with acks=all"
        yield MIN_REPLICAS, str(replicas), why, weight
    if topic.cleanup == "delete":
        yield from _short_retention(settings, kafka)


def _why_cleanup(topic: Topic) -> str:
    if topic.cleanup == "compact":
        return "or what has been replayed is forgotten before the dead letters are gone"
    return "for compaction removes every record whose key comes again, also where it is not stored"


def _why_size(topic: Topic, kafka: KafkaSettings) -> str:
    if topic.use is TopicRight.WRITE:
        return f"for the longest dead letters do not fit into less than {topic.least_bytes}"
    return (
        f"or FLEETGAUGE_MESSAGE_MAX_BYTES at most that instead of {kafka.message_max_bytes}: "
        "messages in between cannot be sent"
    )


def _short_retention(settings: Mapping[str, str], kafka: KafkaSettings) -> Iterator[_Wrong]:
    days = kafka.topic_retention_days
    wanted_ms = days * DAY_MS
    if 0 <= int(settings[RETENTION_MS]) < wanted_ms:
        why = (
            f"or FLEETGAUGE_TOPIC_RETENTION_DAYS less than {days}: "
            "records are deleted that an outage of that length leaves unread"
        )
        yield RETENTION_MS, str(wanted_ms), why, Weight.WARNING
    if int(settings[RETENTION_BYTES]) >= 0:
        why = "for a full partition deletes records that are not stored"
        yield RETENTION_BYTES, "-1", why, Weight.WARNING


def altering(topic: str, name: str, value: str, kafka: KafkaSettings) -> str:
    """The command that gives a topic a setting."""
    return (
        f"kafka-configs.sh {_addressed(kafka)} --alter --entity-type topics "
        f"--entity-name {topic} --add-config {name}={value}"
    )


def _addressed(kafka: KafkaSettings) -> str:
    """The options of Kafka's tools that lead to the broker; a login is in a file of its own."""
    login = "" if kafka.kafka_security_protocol == "PLAINTEXT" else " --command-config FILE"
    return f"--bootstrap-server {kafka.kafka_bootstrap}{login}"
