"""Reports errors of partitions in fetch responses, which aiokafka does not expose.

aiokafka logs most of them without the partition and retries immediately. It raises the others, and
then drops fetched records of other partitions.
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

# A position outside the log is a gap: the client raises it and ingest handles it.
HANDLED_BY_CLIENT: Final = (NoError, OffsetOutOfRangeError)


class FetchListener(Protocol):
    """Called for each partition of each fetch response."""

    def fetch_failed(self, partition: TopicPartition, offset: int | None, problem: str) -> None:
        """The broker responded to a fetch at this offset with an error."""

    def fetch_succeeded(self, partition: TopicPartition) -> None:
        """The broker responded with data, or the fetch is at the log end."""

    def fetch_empty(self, partition: TopicPartition, offset: int) -> None:
        """The broker responded without data, although the log continues after this offset."""


def report_fetches(client: AIOKafkaClient, listener: FetchListener) -> None:
    """Reports the client's fetch responses from now on, and hides their errors from aiokafka."""
    send = client.send

    async def send_reported(node_id: int, request: Any, **options: Any) -> Any:
        response = await send(node_id, request, **options)
        if isinstance(request, FetchRequest):
            offsets = {
                TopicPartition(topic, partition): offset
                for topic, partitions in request.topics
                for partition, offset, _ in partitions
            }
            response.topics = [
                (
                    topic,
                    [row for row in rows if _is_for_client(client, listener, topic, row, offsets)],
                )
                for topic, rows in response.topics
            ]
        return response

    client.send = send_reported


def _is_for_client(
    client: AIOKafkaClient,
    listener: FetchListener,
    topic: str,
    row: tuple[Any, ...],
    offsets: dict[TopicPartition, int],
) -> bool:
    partition, error = TopicPartition(topic, row[0]), for_code(row[1])
    offset = offsets.get(partition)
    if error is NoError:
        _, _, _, last_stable, *_, data = row
        if data or offset is None or offset >= last_stable:
            listener.fetch_succeeded(partition)
        else:
            listener.fetch_empty(partition, offset)
    if error in HANDLED_BY_CLIENT:
        return True
    if error.invalid_metadata:
        client.force_metadata_update()
    listener.fetch_failed(partition, offset, _problem(error, topic))
    return False


def _problem(error: type[KafkaError], topic: str) -> str:
    if issubclass(error, TopicAuthorizationFailedError):
        return sentence(error(topic))
    return f"the broker returned {error.__name__}"
