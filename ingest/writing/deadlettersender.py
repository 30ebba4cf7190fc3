"""Sends what could not be used to the dead letters: original bytes, key and headers, and why.

Acknowledged before the offset moves, so a crash between sends again: at least once, told apart by
topic, partition, offset and index. Header names are Kafka Connect's, so that its tools read them.

What an invalid record costs is bounded: one dead letter for each reason, however many events are
wrong, and compressed, for the headers of dead letters are nearly all alike.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from ingest.decoding import indexranges
from ingest.kafka.topic import dead_letter_max_bytes, original_max_bytes
from ingest.rejection import Rejection
from ingest.writing.originalrecord import original_of
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings

MAX_DETAIL_CHARACTERS = 1_000
REQUEST_TIMEOUT_MS = 10_000
COMPRESSION: Final = "zstd"
# Compressed together, and acknowledged together: one request is on its way at a time.
BATCH_BYTES: Final = 256 * 1024


class DeadLetterSender:
    """Where rejections go."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, max_original_bytes: int) -> None:
        self._producer = producer
        self._topic = topic
        self._max_original_bytes = max_original_bytes

    async def send(self, waiting: list[Rejection]) -> None:
        """Returns when the broker has acknowledged all; takes those out that it has.

        Raises aiokafka's KafkaError for the first that it has not, at the latest after the request
        timeout.
        """
        letters = _letters(waiting)
        sent: list[asyncio.Future[Any]] = []
        stop: KafkaError | None = None
        try:
            for letter in letters:
                sent.append(await self._send_one(letter))
        except KafkaError as error:
            stop = error
        answers = await asyncio.gather(*sent, return_exceptions=True)
        # For those behind the stop, its error is the answer.
        answers += [stop] * (len(letters) - len(sent))
        failed = [
            (letter, answer)
            for letter, answer in zip(letters, answers, strict=True)
            if isinstance(answer, BaseException)
        ]
        waiting[:] = [rejection for letter, _ in failed for rejection in letter]
        if failed:
            raise failed[0][1]

    async def _send_one(self, letter: Sequence[Rejection]) -> asyncio.Future[Any]:
        original = original_of(letter[0].origin.record, self._max_original_bytes)
        future: asyncio.Future[Any] = await self._producer.send(
            self._topic,
            # The client takes no record without either: one with neither gets an empty value.
            value=b"" if original.value is None and original.key is None else original.value,
            key=original.key,
            headers=[*original.headers, *_headers(letter, original.missing)],
        )
        # When another one fails nobody asks this one; asyncio would log that as a fault.
        future.add_done_callback(_look_at)
        return future


def _look_at(sent: asyncio.Future[Any]) -> None:
    if not sent.cancelled():
        sent.exception()


@asynccontextmanager
async def open_dead_letters(kafka: KafkaSettings) -> AsyncIterator[DeadLetterSender]:
    """A producer for the dead letters; raises aiokafka's KafkaError where no broker answers.

    Not an idempotent one: that tries again for ever and in silence, and keeps a stop waiting.
    """
    producer = AIOKafkaProducer(
        **client_options(kafka),
        client_id="fleetgauge-ingest",
        acks="all",
        compression_type=COMPRESSION,
        max_batch_size=BATCH_BYTES,
        max_request_size=dead_letter_max_bytes(kafka),
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    await start(producer, client_options(kafka))
    try:
        yield DeadLetterSender(producer, kafka.deadletter_topic, original_max_bytes(kafka))
    finally:
        await producer.stop()


def _letters(waiting: Iterable[Rejection]) -> list[list[Rejection]]:
    """The rejections of each dead letter: events of one array, rejected for one reason."""
    letters: dict[Any, list[Rejection]] = defaultdict(list)
    for number, rejection in enumerate(waiting):
        record, index = rejection.origin.record, rejection.origin.index
        place = (record.topic, record.partition, record.offset, rejection.reason)
        letters[number if index is None else place].append(rejection)
    return list(letters.values())


def _headers(letter: Sequence[Rejection], missing: str | None) -> list[tuple[str, bytes]]:
    record = letter[0].origin.record
    detail = "; ".join(dict.fromkeys(rejection.detail for rejection in letter))
    places = [one.origin.index for one in letter if one.origin.index is not None]
    told = {
        "__connect.errors.topic": record.topic,
        "__connect.errors.partition": str(record.partition),
        "__connect.errors.offset": str(record.offset),
        "__connect.errors.exception.message": detail[:MAX_DETAIL_CHARACTERS],
        "fleetgauge.reason": letter[0].reason,
    }
    if places:
        told["fleetgauge.index"] = indexranges.render(places)
    if missing is not None:
        told["fleetgauge.incomplete"] = missing
    return [(name, value.encode("utf-8", "replace")) for name, value in told.items()]
