"""Kafka requests that aiokafka lacks, with the schemas of Kafka's protocol guide."""

from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    String,
    TaggedFields,
)

_TEXT = String("utf-8")
_COMPACT_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
# For flexible requests without tagged fields.
NO_TAGS: dict[int, bytes] = {}


class MetadataResponseV8(Response):  # type: ignore[misc] # aiokafka has no types
    """Topics with their partitions, and the operations that the login may do."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT)),
        ),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("name", _TEXT),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class MetadataRequestV8(RequestStruct):  # type: ignore[misc]
    """Version 8, the first with authorized operations."""

    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = MetadataResponseV8
    SCHEMA = Schema(
        ("topics", Array(_TEXT)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class MetadataRequest(Request[MetadataRequestV8]):  # type: ignore[misc]
    """Requests these topics, without creating them."""

    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class(self._topics, False, False, True)


class DescribeProducersResponseV0(Response):  # type: ignore[misc]
    """Producers of partitions, and the start of each one's transaction; -1 without one."""

    API_KEY = 61
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", _COMPACT_TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("error_message", _COMPACT_TEXT),
                        (
                            "producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("transaction_start", Int64),
                                _TAGS,
                            ),
                        ),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class DescribeProducersRequestV0(RequestStruct):  # type: ignore[misc]
    """DescribeProducers goes to the partitions' leader and requires Read on the topic."""

    FLEXIBLE_VERSION = True
    API_KEY = 61
    API_VERSION = 0
    RESPONSE_TYPE = DescribeProducersResponseV0
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("name", _COMPACT_TEXT), ("partitions", CompactArray(Int32)), _TAGS),
        ),
        _TAGS,
    )


class DescribeProducersRequest(Request[DescribeProducersRequestV0]):  # type: ignore[misc]
    """Requests the producers of one partition."""

    API_KEY = 61

    def __init__(self, topic: str, partition: int) -> None:
        self._topics = [(topic, [partition], NO_TAGS)]

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class(self._topics, NO_TAGS)


class ListTransactionsResponseV0(Response):  # type: ignore[misc]
    """The transactions that a broker coordinates and the login may describe."""

    API_KEY = 66
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("unknown_state_filters", CompactArray(_COMPACT_TEXT)),
        (
            "transactions",
            CompactArray(
                ("transactional_id", _COMPACT_TEXT),
                ("producer_id", Int64),
                ("state", _COMPACT_TEXT),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class ListTransactionsRequestV0(RequestStruct):  # type: ignore[misc]
    """ListTransactions covers the transactions of one broker."""

    FLEXIBLE_VERSION = True
    API_KEY = 66
    API_VERSION = 0
    RESPONSE_TYPE = ListTransactionsResponseV0
    SCHEMA = Schema(
        ("state_filters", CompactArray(_COMPACT_TEXT)),
        ("producer_id_filters", CompactArray(Int64)),
        _TAGS,
    )


class ListTransactionsRequest(Request[ListTransactionsRequestV0]):  # type: ignore[misc]
    """Requests the transactions of one producer."""

    API_KEY = 66

    def __init__(self, producer_id: int) -> None:
        self._producer_ids = [producer_id]

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class([], self._producer_ids, NO_TAGS)
