"""Which logs partitions are, as their leaders say; and what nobody says."""

from collections.abc import Iterable
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from ingest.kafka.logidentity import (
    LogChangedError,
    LogIdentity,
    MetadataRequestV10,
    MetadataResponseV10,
    compare,
    read_identities,
)
from ingest.kafka.topic import TopicError
from tests.unit.ingest.records import identity

A, B, C = TopicPartition("s", 0), TopicPartition("s", 1), TopicPartition("e", 0)
IDS = {"s": UUID(int=1), "e": UUID(int=2)}


def answer(*led: tuple[TopicPartition, int, int]) -> Any:
    """A broker's metadata of partitions: each with its leader and the leader's epoch."""
    topics: list[Any] = [
        (
            0,
            topic,
            IDS[topic],
            False,
            [(0, p.partition, node, epoch, [node], [node], [], {}) for p, node, epoch in rows],
            0,
            {},
        )
        for topic, rows in _by_topic(led).items()
    ]
    sent = MetadataResponseV10(0, [(1, "host", 9092, None, {})], "here", 1, topics, 0, {})
    return MetadataResponseV10.decode(BytesIO(sent.encode()))


def _by_topic(led: Iterable[tuple[TopicPartition, int, int]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in led:
        found.setdefault(row[0].topic, []).append(row)
    return found


class Client:
    """Stands for aiokafka's: knows leaders, and answers for brokers, an error by raising it."""

    def __init__(self, leaders: dict[TopicPartition, int | None], answers: dict[int, Any]) -> None:
        self.cluster = SimpleNamespace(leader_for_partition=leaders.get)
        self._answers = answers
        self.refreshed = 0

    async def send(self, node: int, request: Any) -> Any:
        found = self._answers[node]
        if isinstance(found, Exception):
            raise found
        asked = request.prepare({MetadataRequestV10.API_KEY: (0, 13)})
        assert MetadataRequestV10.decode(BytesIO(asked.encode())).topics == asked.topics
        return found

    def force_metadata_update(self) -> None:
        self.refreshed += 1


async def test_each_leader_is_asked_about_its_own() -> None:
    client = Client(
        {A: 1, B: 2, C: 1},
        # Of what others lead a broker may not have heard the newest.
        {1: answer((A, 1, 4), (B, 2, 0), (C, 1, 7)), 2: answer((A, 1, 3), (B, 2, 5), (C, 1, 6))},
    )
    assert await read_identities(client, [A, B, C]) == {
        A: LogIdentity("here", IDS["s"], 4),
        B: LogIdentity("here", IDS["s"], 5),
        C: LogIdentity("here", IDS["e"], 7),
    }
    assert client.refreshed == 0


MISSING: list[tuple[str, int | None, Any]] = [
    ("unknown to the client", None, None),
    ("without a leader", -1, None),
    ("led by another", 2, answer((B, 1, 5))),
    ("unknown to the broker", 2, answer()),
    ("behind a broker that is away", 2, KafkaConnectionError("away")),
]


@pytest.mark.parametrize(
    ("leader", "says"), [m[1:] for m in MISSING], ids=[name for name, *_ in MISSING]
)
async def test_one_that_nobody_knows_is_missing_and_looked_for(
    leader: int | None, says: Any
) -> None:
    client = Client({A: 1, B: leader}, {1: answer((A, 1, 0)), 2: says})
    assert set(await read_identities(client, [A, B])) == {A}
    assert client.refreshed == 1


async def test_a_broker_that_is_too_old_is_named() -> None:
    client = Client({A: 1}, {1: NotImplementedError("v0")})
    with pytest.raises(TopicError, match=r"broker 1 .* Kafka 2\.8 or later is needed"):
        await read_identities(client, [A])


OTHERS = [identity("there"), identity(topic=2), identity(epoch=1)]


@pytest.mark.parametrize("other", OTHERS, ids=["cluster", "topic", "leader"])
def test_another_log_is_distinguished(other: LogIdentity) -> None:
    compare({A: identity(), B: identity()}, {A: identity()})
    with pytest.raises(LogChangedError, match=r"s/0: claimed with topic id .*0001 and leader epo"):
        compare({A: identity(), B: identity()}, {A: other})
