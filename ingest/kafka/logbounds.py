"""Log start and end offsets; a partition without a response does not affect the others."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError

from ingest.errors import sentence
from ingest.reading.quarantine import Quarantine

Answer = TypeVar("Answer")
Ask = Callable[[list[TopicPartition]], Awaitable[dict[TopicPartition, Answer]]]

BOUNDS_TIMEOUT_S = 5.0


class LogBounds:
    """Log bounds for one consumer. Quarantines partitions whose leader does not respond."""

    def __init__(self, consumer: AIOKafkaConsumer, quarantine: Quarantine) -> None:
        self._consumer = consumer
        self._quarantine = quarantine

    async def bounds(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, tuple[int, int]]:
        """The log start and log end offset of each partition that responds.

        Raises KafkaError if none does.
        """
        return await self._ask(partitions, self._bounds, BOUNDS_TIMEOUT_S)

    async def _bounds(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, tuple[int, int]]:
        starts = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        return {partition: (starts[partition], ends[partition]) for partition in partitions}

    async def _ask(
        self, partitions: Collection[TopicPartition], ask: Ask[Answer], timeout_s: float
    ) -> dict[TopicPartition, Answer]:
        if not partitions:
            return {}
        try:
            return await _within(timeout_s, ask, list(partitions))
        except KafkaError:
            if len(partitions) == 1:
                raise
            return await self._ask_each(partitions, ask, timeout_s)

    async def _ask_each(
        self, partitions: Collection[TopicPartition], ask: Ask[Answer], timeout_s: float
    ) -> dict[TopicPartition, Answer]:
        answers = await asyncio.gather(
            *(_within(timeout_s, ask, [partition]) for partition in partitions),
            return_exceptions=True,
        )
        found: dict[TopicPartition, Answer] = {}
        failed: dict[TopicPartition, KafkaError] = {}
        for partition, answer in zip(partitions, answers, strict=True):
            if isinstance(answer, KafkaError):
                failed[partition] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found |= answer
        if not found:
            raise next(iter(failed.values()))
        for partition, error in failed.items():
            self._quarantine.fetch_failed(partition, None, sentence(error))
        return found


async def _within(
    timeout_s: float, ask: Ask[Answer], partitions: list[TopicPartition]
) -> dict[TopicPartition, Answer]:
    try:
        async with asyncio.timeout(timeout_s):
            return await ask(partitions)
    except TimeoutError as error:
        problem = f"the broker did not report the log's bounds within {timeout_s:.0f} s"
        raise KafkaTimeoutError(problem) from error
