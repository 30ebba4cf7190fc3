"""Fleetgauge's ingest with its offsets in Kafka, without exactly-once.

Only for a benchmark: a failure may lose or duplicate rows.
"""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import ingest.run
import ingest.writing.store
from fleetgauge import run
from ingest.batch import Batch
from ingest.reading.consumer import GroupConsumer
from ingest.reading.openconsumer import open_consumer
from ingest.writing import offsets
from ingest.writing.offsets import BatchState
from ingest.writing.write import write_batch
from schemas.settings import IngestSettings, KafkaSettings


class OffsetsInKafka:
    """Replaces the offsets in the database by commits to the consumer group."""

    def __init__(self) -> None:
        self._fetcher: GroupConsumer | None = None

    @asynccontextmanager
    async def open_consumer(
        self,
        kafka: KafkaSettings,
        settings: IngestSettings,
        **options: bool,
    ) -> AsyncIterator[GroupConsumer]:
        """Open ingest's consumer and keep a reference to it."""
        async with open_consumer(kafka, settings, **options) as fetcher:
            self._fetcher = fetcher
            yield fetcher

    async def write_batch(self, pool: Any, batch: Batch, *more: Any) -> None:
        """Write as ingest does, then commit the offsets to the consumer group."""
        await write_batch(pool, batch, *more)
        if self._fetcher is not None:
            await self._fetcher.commit_to_group({tp: span.next for tp, span in batch.spans.items()})


async def _skip_lock(connection: Any, spans: Mapping[Any, Any], claims: Any) -> BatchState:
    return BatchState.NOT_STORED


async def _skip_advance(connection: Any, spans: Mapping[Any, Any], claims: Any) -> None:
    return None


def main() -> None:
    """`fleetgauge ingest` without the statements of the fence."""
    in_kafka = OffsetsInKafka()
    for module, name, replacement in (
        (offsets, "lock", _skip_lock),
        (offsets, "advance", _skip_advance),
        (ingest.run, "open_consumer", in_kafka.open_consumer),
        (ingest.writing.store, "write_batch", in_kafka.write_batch),
    ):
        if not hasattr(module, name):
            raise AttributeError(f"{module.__name__} has no {name} to replace")
        setattr(module, name, replacement)
    sys.argv[1:] = ["ingest"]
    run()


if __name__ == "__main__":
    main()
