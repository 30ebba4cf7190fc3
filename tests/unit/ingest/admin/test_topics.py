"""What `migrate` asks of the broker for each topic."""

import pytest

from ingest.kafka.topic import config, topics
from schemas.settings import KafkaSettings


@pytest.mark.parametrize(("replicas", "needed"), [(1, None), (2, None), (3, "2"), (5, "2")])
def test_two_replicas_have_to_have_what_is_acknowledged(replicas: int, needed: str | None) -> None:
    kafka = KafkaSettings(kafka_bootstrap="a:1", topic_replication=replicas)
    for topic in topics(kafka):
        assert config(topic, kafka).get("min.insync.replicas") == needed
