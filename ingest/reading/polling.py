"""Polls Kafka during long waits: the group removes a consumer that does not poll."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NoReturn, Protocol

from ingest.unexpectederrors import reported

POLL_EVERY_S: Final = 1.0


class Polls(Protocol):
    """See `ingest.reading.consumer.GroupConsumer`."""

    async def poll_paused(self) -> None: ...


@asynccontextmanager
async def polled(source: Polls, every_s: float = POLL_EVERY_S) -> AsyncIterator[None]:
    """During longer waits in its block, pauses all partitions and polls. The caller resumes them
    to continue reading."""
    polling = asyncio.create_task(_poll(source, every_s))
    try:
        yield
    finally:
        polling.cancel()
        await asyncio.wait({polling})


async def _poll(source: Polls, every_s: float) -> NoReturn:
    while True:
        await asyncio.sleep(every_s)
        with reported("poll"):
            await source.poll_paused()
