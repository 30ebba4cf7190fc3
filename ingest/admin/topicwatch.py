"""Checks the topics while ingest runs: others may alter or delete them at any time."""

import asyncio
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from ingest import metrics
from ingest.admin.topicfaults import Fault, Weight
from ingest.admin.topics import Inspection, inspect, log_faults, missing_sentence
from ingest.kafka.topic import TopicRight, topics
from ingest.unexpectederrors import reported
from schemas.settings import KafkaSettings

log = structlog.get_logger("ingest")

LOOK_EVERY_S: Final = 30.0


class TopicWatch:
    """Reports new faults of topics. It does not stop ingest, as stored data is not lost."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._known: list[Fault] = []
        self._missing: list[str] = []

    async def run(self, period_s: float = LOOK_EVERY_S) -> None:
        """Checks every `period_s` until cancelled; retries while the broker is unavailable."""
        while True:
            try:
                with reported("topics"):
                    self._report(await inspect(self._kafka, topics(self._kafka)))
            except (KafkaError, OSError) as error:
                log.debug("topics not checked", error=str(error))
            await asyncio.sleep(period_s)

    def _report(self, found: Inspection) -> None:
        for topic in topics(self._kafka):
            if topic.use is TopicRight.READ:
                partitions = len(found.partitions.get(topic.name, ()))
                metrics.TOPIC_PARTITIONS.labels(topic.name).set(partitions)
            faults = [f for f in found.faults if f.topic == topic.name and _counts(f)]
            count = len(faults) + (topic.name in found.missing)
            metrics.TOPIC_FAULTS.labels(topic.name).set(count)
        log_faults([fault for fault in found.faults if fault not in self._known])
        for name in found.missing:
            if name not in self._missing:
                log.error(missing_sentence(name), topic=name)
        self._known, self._missing = found.faults, found.missing


def _counts(fault: Fault) -> bool:
    return fault.weight is not Weight.WARNING
