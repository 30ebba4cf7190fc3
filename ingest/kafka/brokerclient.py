"""A client for requests that aiokafka lacks: see `ingest.kafka.adminrequests`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, NoError, TopicAuthorizationFailedError, for_code
from aiokafka.protocol.admin import DescribeConfigsRequest

from ingest.kafka.adminrequests import (
    DescribeProducersRequest,
    ListTransactionsRequest,
    MetadataRequest,
)
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class TopicMetadata:
    """A topic's metadata.

    `error` is aiokafka's class of the error if there are no metadata; `leaders` are node ids by
    partition, `replicas` the fewest of a partition; `rights` has one bit for each Kafka operation.
    """

    name: str
    error: type[KafkaError] | None
    leaders: dict[int, int]
    replicas: int
    rights: int


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A producer's transaction that began at this offset and has not ended."""

    producer_id: int
    start: int


class BrokerClient:
    """A started client."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def topics(self, names: Sequence[str]) -> dict[str, TopicMetadata]:
        """Metadata by topic name; raises KafkaError. Does not create topics."""
        answer = await self._ask(MetadataRequest(list(names)))
        return {topic["name"]: _known(topic) for topic in answer["topics"]}

    async def cluster_id(self) -> str:
        """The cluster's id; raises KafkaError."""
        answer = await self._ask(MetadataRequest([]))
        return str(answer["cluster_id"])

    async def settings(self, names: Sequence[str]) -> dict[str, dict[str, str] | None]:
        """Settings by topic name; None if the login lacks the right. Raises KafkaError."""
        request = DescribeConfigsRequest([(ConfigResourceType.TOPIC, name, None) for name in names])
        found: dict[str, dict[str, str] | None] = {}
        for resource in (await self._ask(request))["resources"]:
            error = for_code(resource["error_code"])
            if error not in (NoError, TopicAuthorizationFailedError):
                raise error(f"topic {resource['resource_name']}")
            entries = {e["config_names"]: e["config_value"] for e in resource["config_entries"]}
            found[resource["resource_name"]] = entries if error is NoError else None
        return found

    async def open_transactions(
        self, topic: str, partition: int, leader: int
    ) -> list[OpenTransaction]:
        """Open transactions, oldest first; raises KafkaError, also without Read on the topic."""
        answer = await self._client.send(leader, DescribeProducersRequest(topic, partition))
        (of_topic,) = answer.to_object()["topics"]
        (found,) = of_topic["partitions"]
        if found["error_code"] != 0:
            raise for_code(found["error_code"])(f"topic {topic}")
        opened = [
            OpenTransaction(producer["producer_id"], producer["transaction_start"])
            for producer in found["producers"]
            if producer["transaction_start"] >= 0
        ]
        return sorted(opened, key=lambda one: one.start)

    async def transactional_id(self, producer_id: int) -> str | None:
        """A producer's transactional id; None if no broker reports it to this login."""
        for node in self._client.cluster.brokers():
            answer = await self._client.send(node.nodeId, ListTransactionsRequest(producer_id))
            for found in answer.to_object()["transactions"]:
                return str(found["transactional_id"])
        return None

    async def _ask(self, request: Any) -> Any:
        """The response of any broker."""
        answer = await self._client.send(self._client.get_random_node(), request)
        return answer.to_object()


def _known(topic: dict[str, Any]) -> TopicMetadata:
    partitions = topic["partitions"]
    return TopicMetadata(
        topic["name"],
        for_code(topic["error_code"]) if topic["error_code"] else None,
        {partition["partition"]: partition["leader"] for partition in partitions},
        min((len(partition["replicas"]) for partition in partitions), default=0),
        topic["authorized_operations"],
    )


class _Startable:
    """Adapts aiokafka's client, whose `start` is named `bootstrap`."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def start(self) -> None:
        await self._client.bootstrap()


@asynccontextmanager
async def open_broker(kafka: KafkaSettings) -> AsyncIterator[BrokerClient]:
    """A started client; raises KafkaError if no broker responds."""
    options = client_options(kafka)
    client = AIOKafkaClient(**options, client_id="fleetgauge", request_timeout_ms=10_000)
    try:
        await start(_Startable(client), options)
        yield BrokerClient(client)
    finally:
        await client.close()
