"""Sends rejected events to the dead-letter topic: the original key, value and headers, and why.

Dead letters are acknowledged before the offset advances, so a crash in between sends duplicates:
delivery is at least once, and topic, partition, offset and index identify an event. Header names
are Kafka Connect's, so that its tools can read them.

The cost of an invalid record is bounded: at most one dead letter for each reason, however many
events are invalid. Dead letters are compressed, since their headers are nearly identical.
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
# A batch is compressed and acknowledged as a whole; one request is in flight at a time.
BATCH_BYTES: Final = 256 * 1024


class DeadLetterSender:
    """Sends rejections to the dead-letter topic."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, max_original_bytes: int) -> None:
        self._producer = producer
        self._topic = topic
        self._max_original_bytes = max_original_bytes

    async def send(self, waiting: list[Rejection]) -> None:
        """Returns when the broker has acknowledged all; removes acknowledged ones from `waiting`.

        Raises aiokafka's KafkaError for the first failure, at the latest after the request timeout.
        """
        letters = _letters(waiting)
        sent: list[asyncio.Future[Any]] = []
        failure: KafkaError | None = None
        try:
            for letter in letters:
                sent.append(await self._send_one(letter))
        except KafkaError as error:
            failure = error
        answers = await asyncio.gather(*sent, return_exceptions=True)
        # Letters after a failed send were not sent: they have the same error.
        answers += [failure] * (len(letters) - len(sent))
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
            # The client requires a key or a value: a record with neither gets an empty value.
            value=b"" if original.value is None and original.key is None else original.value,
            key=original.key,
            headers=[*original.headers, *_headers(letter, original.missing)],
        )
        # If another send fails this one is not awaited, which asyncio would log.
        future.add_done_callback(_retrieve)
        return future


def _retrieve(sent: asyncio.Future[Any]) -> None:
    if not sent.cancelled():
        sent.exception()


@asynccontextmanager
async def open_dead_letters(kafka: KafkaSettings) -> AsyncIterator[DeadLetterSender]:
    """A producer for dead letters; raises aiokafka's KafkaError if no broker responds.

    Not idempotent: an idempotent producer retries forever and silently, and would block a stop.
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
    """The rejections by dead letter: events of one array with the same reason share one."""
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
    headers = {
        "__connect.errors.topic": record.topic,
        "__connect.errors.partition": str(record.partition),
        "__connect.errors.offset": str(record.offset),
        "__connect.errors.exception.message": detail[:MAX_DETAIL_CHARACTERS],
        "fleetgauge.reason": letter[0].reason,
    }
    if places:
        headers["fleetgauge.index"] = indexranges.render(places)
    if missing is not None:
        headers["fleetgauge.incomplete"] = missing
    return [(name, value.encode("utf-8", "replace")) for name, value in headers.items()]
