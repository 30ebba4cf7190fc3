"""What is wrong with a topic, case by case."""

import pytest
from pydantic import SecretStr

from ingest.admin.topicfaults import UNKNOWN_RIGHTS, TopicState, Weight, find_faults
from ingest.kafka.topic import DAY_MS, config, topics_to_create
from schemas.settings import KafkaSettings

KAFKA = KafkaSettings(kafka_bootstrap="broker:9092")
SAMPLES, EVENTS, DEADLETTER, REPLAYED = (topic.name for topic in topics_to_create(KAFKA))
BROKERS_OWN = {"min.insync.replicas": "1", "retention.bytes": "-1"}
ALL_RIGHTS = 3576
REFUSED, PROBLEM, WARNING = Weight

# Topic, its setting, and what is said of it.
SETTINGS = [
    (SAMPLES, "message.timestamp.type", "CreateTime", REFUSED, "LogAppendTime", "broker's clock"),
    (DEADLETTER, "message.timestamp.type", "CreateTime", REFUSED, "LogAppendTime", "clock"),
    (SAMPLES, "cleanup.policy", "compact", REFUSED, "delete", "not stored"),
    (EVENTS, "cleanup.policy", "compact,delete", REFUSED, "delete", "not stored"),
    (DEADLETTER, "cleanup.policy", "delete,compact", REFUSED, "delete", "not stored"),
    (REPLAYED, "cleanup.policy", "delete", REFUSED, "compact", "deleted before"),
    (SAMPLES, "max.message.bytes", "1048575", REFUSED, "2097152", "from 1048576"),
    (SAMPLES, "max.message.bytes", "1048576", None, "", ""),
    (DEADLETTER, "max.message.bytes", "4210687", REFUSED, "4210688", "at least 4210688"),
    (DEADLETTER, "min.insync.replicas", "2", REFUSED, "1", "acks=all"),
    (EVENTS, "min.insync.replicas", "2", PROBLEM, "1", "acks=all"),
    (SAMPLES, "retention.ms", str(7 * DAY_MS - 1), WARNING, str(7 * DAY_MS), "an outage"),
    (SAMPLES, "retention.ms", str(8 * DAY_MS), None, "", ""),
    (SAMPLES, "retention.ms", "-1", None, "", ""),
    (EVENTS, "retention.bytes", "1000000", WARNING, "-1", "a full partition"),
    (REPLAYED, "retention.ms", "1000", None, "", ""),
]


@pytest.mark.parametrize(("name", "setting", "value", "weight", "needed", "why"), SETTINGS)
def test_settings(
    name: str, setting: str, value: str, weight: Weight | None, needed: str, why: str
) -> None:
    (topic,) = (one for one in topics_to_create(KAFKA) if one.name == name)
    as_made = {**BROKERS_OWN, **config(topic, KAFKA)}
    assert find_faults(topic, TopicState(as_made, 1, ALL_RIGHTS), KAFKA) == []
    found = find_faults(topic, TopicState({**as_made, setting: value}, 1, ALL_RIGHTS), KAFKA)
    assert [fault.weight for fault in found] == ([] if weight is None else [weight])
    for fault in found:
        assert fault.says.startswith(f"topic {name} has {setting}={value}, but needs {needed}, ")
        assert why in fault.says
        assert fault.fix == (
            "kafka-configs.sh --bootstrap-server broker:9092 --alter --entity-type topics "
            f"--entity-name {name} --add-config {setting}={needed}"
        )


RIGHTS = [
    (SAMPLES, ALL_RIGHTS & ~(1 << 3), "Read"),
    (SAMPLES, ALL_RIGHTS & ~(1 << 4), None),
    (DEADLETTER, ALL_RIGHTS & ~(1 << 4), "Write"),
    (DEADLETTER, ALL_RIGHTS & ~(1 << 3), None),
    (DEADLETTER, UNKNOWN_RIGHTS, None),
]


@pytest.mark.parametrize(("name", "rights", "lacking"), RIGHTS)
def test_rights(name: str, rights: int, lacking: str | None) -> None:
    (topic,) = (one for one in topics_to_create(KAFKA) if one.name == name)
    as_made = {**BROKERS_OWN, **config(topic, KAFKA)}
    found = find_faults(topic, TopicState(as_made, 1, rights), KAFKA)
    assert [fault.says for fault in found] == (
        [f"this login lacks the right {lacking} on topic {name}"] if lacking else []
    )


def test_a_missing_right_to_read_the_settings_is_reported() -> None:
    kafka = KafkaSettings(
        kafka_bootstrap="broker:9092",
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="PLAIN",
        kafka_username="ingest",
        kafka_password=SecretStr("secret"),
    )
    topic = topics_to_create(kafka)[0]
    (fault,) = find_faults(topic, TopicState(None, 1, ALL_RIGHTS), kafka)
    assert fault.weight is Weight.WARNING
    assert fault.fix == (
        "kafka-acls.sh --bootstrap-server broker:9092 --command-config FILE --add "
        f"--allow-principal User:ingest --operation DescribeConfigs --topic {topic.name}"
    )
