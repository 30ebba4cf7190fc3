"""`fleetgauge dlq replay`: sends events back to their original topics, each once.

Events and the records of their replay are sent in one transaction. The transactional id fences all
runs but the newest, and aborts a transaction that a killed run left open.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from ingest.admin.dlq.filter import Filter
from ingest.admin.dlq.letter import Letter, event_of, headers_of
from ingest.admin.dlq.policy import ReplayPolicy, SkipReason, read_replayed
from ingest.admin.dlq.reader import OnProgress, matching_letters, open_topic
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings

# An open transaction blocks ingest in its partitions. After a kill, the broker aborts it once this
# timeout has passed; it checks about every 10 seconds.
TRANSACTION_TIMEOUT_MS: Final = 15_000
# A transactional client retries an unavailable broker forever, without an error.
PATIENCE_S: Final = 10.0
HANG_UP_S: Final = 3.0


class ReplayProducer:
    """A transactional producer for replays. Starting another one fences it."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._open = AsyncExitStack()
        self._producer: AIOKafkaProducer = None

    async def __aenter__(self) -> Self:
        """Raises KafkaError if no broker answers or it denies access."""
        await self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def send(self, letters: Sequence[Letter]) -> list[Letter]:
        """Sends the events; returns those that are too large for their topic.

        Raises KafkaError; a later run finds in the replayed topic whether they were sent.
        """
        try:
            await self._transaction(letters)
        except MessageSizeTooLargeError:
            # After a rejected request the producer's sequence numbers are wrong: start a new one.
            await self._open.aclose()
            await self._begin()
            if len(letters) == 1:
                return list(letters)
            half = len(letters) // 2
            return await self.send(letters[:half]) + await self.send(letters[half:])
        return []

    async def _begin(self) -> None:
        self._producer = await self._open.enter_async_context(_producer(self._kafka))

    async def _transaction(self, letters: Sequence[Letter]) -> None:
        async with _patience("accept the transaction"):
            await self._producer.begin_transaction()
            try:
                await self._put(letters)
            except BaseException:
                await self._abort()
                raise
        async with _patience("commit the transaction"):
            await self._producer.commit_transaction()

    async def _abort(self) -> None:
        # A fenced producer has nothing to abort: its client raises AssertionError.
        with suppress(KafkaError, TimeoutError, AssertionError):
            await asyncio.wait_for(self._producer.abort_transaction(), HANG_UP_S)

    async def _put(self, letters: Sequence[Letter]) -> None:
        sent: list[asyncio.Future[Any]] = []
        for letter in letters:
            sent += [await self._put_event(letter), await self._put_place(letter)]
        await asyncio.wait(sent)
        failures = [one.exception() for one in sent]
        if failure := next(filter(None, failures), None):
            raise failure

    async def _put_event(self, letter: Letter) -> "asyncio.Future[Any]":
        topic, partition = letter.place.topic, letter.place.partition
        partitions = await self._producer.partitions_for(topic)
        sent: asyncio.Future[Any] = await self._producer.send(
            topic,
            event_of(letter),
            letter.key,
            # If the topic was recreated with fewer partitions, the key selects the partition.
            partition if partition in partitions else None,
            headers=headers_of(letter),
        )
        return sent

    async def _put_place(self, letter: Letter) -> "asyncio.Future[Any]":
        found_at = f"{letter.partition}:{letter.offset}"
        sent: asyncio.Future[Any] = await self._producer.send(
            self._kafka.replayed_topic, found_at.encode(), str(letter.place).encode()
        )
        return sent


@asynccontextmanager
async def _patience(action: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    except TimeoutError as error:
        raise KafkaTimeoutError(f"the broker did not {action} within {PATIENCE_S:.0f} s") from error


@asynccontextmanager
async def _producer(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    options = client_options(kafka)
    producer = AIOKafkaProducer(
        **options,
        client_id="fleetgauge-dlq",
        transactional_id=f"{kafka.deadletter_topic}.replay",
        transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
        max_request_size=8 * kafka.message_max_bytes,
    )
    try:
        async with _patience("answer"):
            await start(producer, options)
        yield producer
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(producer.stop(), HANG_UP_S)


# Limits of a transaction. It blocks ingest in its partitions for some tenths of a second.
BATCH_LETTERS: Final = 500
BATCH_BYTES: Final = 4 * 1024**2


@dataclass(slots=True)
class ReplayResult:
    """The numbers of dead letters replayed and skipped so far."""

    replayed: int = 0
    skipped: Counter[SkipReason] = field(default_factory=Counter)


async def replay(
    kafka: KafkaSettings,
    filter_: Filter,
    most_replays: int,
    outcome: ReplayResult,
    on_progress: OnProgress,
) -> None:
    """Replays the selected dead letters that were not replayed before.

    Raises TopicError or KafkaError; `outcome` then counts those already replayed.
    """
    async with ReplayProducer(kafka) as sender:
        # Read only after fencing other runs, so that none can add records of replays.
        policy = ReplayPolicy(kafka, await read_replayed(kafka), most_replays)
        async with open_topic(kafka, kafka.deadletter_topic) as topic:
            letters = chosen(matching_letters(topic, filter_, on_progress), policy, outcome)
            async for batch in _batches(letters):
                too_large = await sender.send(batch)
                outcome.replayed += len(batch) - len(too_large)
                outcome.skipped.update([SkipReason.TOO_LARGE] * len(too_large))


async def chosen(
    letters: AsyncIterator[Letter], policy: ReplayPolicy, outcome: ReplayResult
) -> AsyncIterator[Letter]:
    """Yields the dead letters to replay, and counts the others in `outcome`."""
    async for letter in letters:
        skipped = policy.skip_reason(letter)
        if skipped is None:
            yield letter
        else:
            outcome.skipped[skipped] += 1


async def _batches(letters: AsyncIterator[Letter]) -> AsyncIterator[list[Letter]]:
    batch: list[Letter] = []
    nbytes = 0
    async for letter in letters:
        batch.append(letter)
        nbytes += len(event_of(letter) or b"")
        if len(batch) == BATCH_LETTERS or nbytes >= BATCH_BYTES:
            yield batch
            batch, nbytes = [], 0
    if batch:
        yield batch
