"""The last stable offset and the high watermark of each partition."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings

TIMEOUT_S = 2.0


class LogEnd(NamedTuple):
    """The last stable offset and the high watermark.

    They differ while a transaction is open: Kafka withholds records after its start.
    """

    stable: int
    high: int


class LogEnds:
    """Requests log ends from the broker: a paused consumer does not learn of new records.

    It needs a second consumer, because aiokafka requests ends with its own isolation level.
    """

    def __init__(self, committed: AIOKafkaConsumer, everything: AIOKafkaConsumer) -> None:
        self._committed = committed
        self._everything = everything

    async def of(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, LogEnd]:
        """The log ends, without partitions that the broker does not report.

        A deleted topic or a partition without a leader does not affect the others. Takes at most
        twice TIMEOUT_S.
        """
        by_topic: dict[str, list[TopicPartition]] = defaultdict(list)
        for partition in partitions:
            by_topic[partition.topic].append(partition)
        answers = await asyncio.gather(*map(self._of_topic, by_topic.values()))
        return {partition: end for answer in answers for partition, end in answer.items()}

    async def _of_topic(self, partitions: list[TopicPartition]) -> dict[TopicPartition, LogEnd]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                stable = await self._committed.end_offsets(partitions)
                high = await self._everything.end_offsets(partitions)
        except (KafkaError, IllegalStateError, TimeoutError):
            if len(partitions) == 1:
                return {}
            # Separately: one without a leader must not affect the others.
            each = await asyncio.gather(*(self._of_topic([one]) for one in partitions))
            return {partition: end for ends in each for partition, end in ends.items()}
        return {p: LogEnd(stable[p], max(stable[p], high[p])) for p in partitions}


@asynccontextmanager
async def open_log_ends(
    kafka: KafkaSettings, committed: AIOKafkaConsumer
) -> AsyncIterator[LogEnds]:
    """Log ends for a read_committed consumer; raises KafkaError if no broker responds."""
    options = client_options(kafka)
    everything = AIOKafkaConsumer(
        **options, client_id="fleetgauge-log-ends", isolation_level="read_uncommitted"
    )
    try:
        await start(everything, options)
        yield LogEnds(committed, everything)
    finally:
        await everything.stop()
