"""Which of the broker's answers reach the client library, and which are reported."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    CorruptRecordException,
    KafkaStorageError,
    NotLeaderForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.fetch import FetchRequest

from ingest.kafka.fetcherrors import report_fetches

HERE = TopicPartition("t", 0)
THERE = TopicPartition("t", 1)


class Client:
    """Answers a fetch of two partitions; the first has an error."""

    def __init__(self, code: int) -> None:
        self._code = code
        self.metadata_updates = 0

    async def send(self, node_id: int, request: Any, *, group: int = 0) -> Any:
        rows = [(0, self._code, 9, 9, None, b""), (1, 0, 9, 9, None, b"data")]
        return SimpleNamespace(topics=[("t", rows)], group=group)

    def force_metadata_update(self) -> None:
        self.metadata_updates += 1


class Heard:
    """Hears of partitions."""

    def __init__(self) -> None:
        self.refusals: list[Any] = []
        self.answers: list[TopicPartition] = []
        self.silent: list[Any] = []

    def fetch_failed(self, *parts: Any) -> None:
        self.refusals.append(parts)

    def fetch_succeeded(self, partition: TopicPartition) -> None:
        self.answers.append(partition)

    def fetch_empty(self, *parts: Any) -> None:
        self.silent.append(parts)


async def fetched(code: int, at: int = 7) -> tuple[Client, Heard, list[int]]:
    client, heard = Client(code), Heard()
    report_fetches(cast(AIOKafkaClient, client), heard)
    request = FetchRequest(1, 1, 1, 1, [("t", [(0, at, 100), (1, 3, 100)])])
    response = await client.send(1, request, group=5)
    assert response.group == 5
    ((_, rows),) = response.topics
    return client, heard, [row[0] for row in rows]


@pytest.mark.parametrize(
    ("error", "updates", "problem"),
    [
        (CorruptRecordException, 0, "the broker returned CorruptRecordException"),
        (KafkaStorageError, 1, "the broker returned KafkaStorageError"),
        (NotLeaderForPartitionError, 1, "the broker returned NotLeaderForPartitionError"),
        (
            TopicAuthorizationFailedError,
            0,
            "the broker denies this login access (TopicAuthorizationFailedError: t): grant it the "
            "rights that docs/operators/kafka-security.md lists",
        ),
    ],
)
async def test_an_error_is_reported_and_hides_no_other_partition(
    error: Any, updates: int, problem: str
) -> None:
    client, heard, left = await fetched(error.errno)
    assert left == [1]
    assert heard.refusals == [(HERE, 7, problem)]
    assert heard.answers == [THERE]
    assert client.metadata_updates == updates


async def test_no_data_where_the_log_goes_on_is_silence() -> None:
    _, heard, left = await fetched(0)
    assert (heard.silent, heard.answers, left) == ([(HERE, 7)], [THERE], [0, 1])
    _, heard, _ = await fetched(0, at=9)
    assert (heard.silent, heard.answers) == ([], [HERE, THERE])


async def test_gaps_are_left_to_the_client() -> None:
    _, heard, left = await fetched(OffsetOutOfRangeError.errno)
    assert (left, heard.refusals, heard.answers) == ([0, 1], [], [THERE])


async def test_other_requests_pass() -> None:
    client, heard = Client(56), Heard()
    report_fetches(cast(AIOKafkaClient, client), heard)
    assert len((await client.send(1, object())).topics[0][1]) == 2
    assert not heard.refusals
