"""Where each partition's log ends: for a reader of committed records, and for the producers."""

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
    """The offset behind the last record that may be read, and behind the last one that is there.

    They differ while a producer's transaction is open: Kafka withholds what comes after its start.
    """

    stable: int
    high: int


class LogEnds:
    """Asks the broker: while nothing is read, a client does not hear what arrives.

    A client of its own, for aiokafka asks for ends by the isolation level that it reads with.
    """

    def __init__(self, committed: AIOKafkaConsumer, everything: AIOKafkaConsumer) -> None:
        self._committed = committed
        self._everything = everything

    async def of(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, LogEnd]:
        """The ends by partition, without those of topics that the broker does not answer for.

        A topic that is gone, or a partition without a leader, hides none of the others. Takes twice
        TIMEOUT_S at most.
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
            # One without a leader hides no other one.
            each = await asyncio.gather(*(self._of_topic([one]) for one in partitions))
            return {partition: end for ends in each for partition, end in ends.items()}
        return {p: LogEnd(stable[p], max(stable[p], high[p])) for p in partitions}


@asynccontextmanager
async def open_log_ends(
    kafka: KafkaSettings, committed: AIOKafkaConsumer
) -> AsyncIterator[LogEnds]:
    """Beside a consumer that reads committed records; raises KafkaError where no broker answers."""
    options = client_options(kafka)
    everything = AIOKafkaConsumer(
        **options, client_id="fleetgauge-log-ends", isolation_level="read_uncommitted"
    )
    try:
        await start(everything, options)
        yield LogEnds(committed, everything)
    finally:
        await everything.stop()
