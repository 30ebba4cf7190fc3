"""Reports a partition's error in the broker's answers, which the client library does not.

It logs most of them without the partition's name and asks again at once; the others it raises in
place of what has arrived of other partitions.
"""

from typing import Any, Final, Protocol

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaError,
    NoError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest

from ingest.errors import sentence

# A position out of the log's bounds is a gap, which the client raises and ingest looks into.
LEFT_TO_THE_CLIENT: Final = (NoError, OffsetOutOfRangeError)


class Listener(Protocol):
    """Hears of each partition in each answer to a fetch."""

    def refuse(self, partition: TopicPartition, offset: int | None, problem: str) -> None:
        """The broker answered a fetch at this offset with an error."""

    def answered(self, partition: TopicPartition) -> None:
        """The broker answered with data, or said that there is none yet."""

    def sent_nothing(self, partition: TopicPartition, offset: int) -> None:
        """The broker answered without data, though the log goes on behind this offset."""


def report_fetches(client: AIOKafkaClient, listener: Listener) -> None:
    """From now on the client's fetches are reported, and errors kept from the client library."""
    send = client.send

    async def watched(node_id: int, request: Any, **options: Any) -> Any:
        response = await send(node_id, request, **options)
        if isinstance(request, FetchRequest):
            asked_for = {
                TopicPartition(topic, partition): offset
                for topic, partitions in request.topics
                for partition, offset, _ in partitions
            }
            response.topics = [
                (topic, [row for row in rows if _is_left(client, listener, topic, row, asked_for)])
                for topic, rows in response.topics
            ]
        return response

    client.send = watched


def _is_left(
    client: AIOKafkaClient,
    listener: Listener,
    topic: str,
    row: tuple[Any, ...],
    asked_for: dict[TopicPartition, int],
) -> bool:
    partition, error = TopicPartition(topic, row[0]), for_code(row[1])
    offset = asked_for.get(partition)
    if error is NoError:
        _, _, _, last_stable, *_, data = row
        if data or offset is None or offset >= last_stable:
            listener.answered(partition)
        else:
            listener.sent_nothing(partition, offset)
    if error in LEFT_TO_THE_CLIENT:
        return True
    if error.invalid_metadata:
        client.force_metadata_update()
    listener.refuse(partition, offset, _problem(error, topic))
    return False


def _problem(error: type[KafkaError], topic: str) -> str:
    if issubclass(error, TopicAuthorizationFailedError):
        return sentence(error(topic))
    return f"the broker says {error.__name__}"
