"""The stored offsets, the heartbeat and the watermark in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition
from psycopg import AsyncConnection

from sql.named import query


@dataclass(frozen=True, slots=True)
class StoredPosition:
    """A partition's stored offset; `last_ts` is the broker time of the last stored record."""

    next_offset: int
    cluster_id: str
    last_ts: datetime | None


@dataclass(frozen=True, slots=True)
class StoredProgress:
    """The newest minute in which ingest ran, the stored offsets of all partitions ever claimed, and
    the watermark."""

    heartbeat: datetime | None
    stored: Mapping[TopicPartition, StoredPosition]
    watermark: datetime


async def read_progress(connection: AsyncConnection[Any]) -> StoredProgress:
    """Reads the progress; raises psycopg's errors."""
    cursor = await connection.execute(query("read_progress"))
    rows = await cursor.fetchall()
    stored = {
        TopicPartition(topic, partition): StoredPosition(*rest)
        for _, _, topic, partition, *rest in rows
        if topic is not None
    }
    return StoredProgress(rows[0][0], stored, rows[0][1])
