"""How far what is in the topics is stored, as the database knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition
from psycopg import AsyncConnection

from sql.named import query


@dataclass(frozen=True, slots=True)
class StoredPosition:
    """How far a partition is stored; `last_ts` is the broker's time of the last stored record."""

    next_offset: int
    cluster_id: str
    last_ts: datetime | None


@dataclass(frozen=True, slots=True)
class StoredProgress:
    """The newest minute in which ingest ran, the partitions it has ever claimed, and before when
    all samples are aggregated."""

    heartbeat: datetime | None
    stored: Mapping[TopicPartition, StoredPosition]
    watermark: datetime


async def read_progress(connection: AsyncConnection[Any]) -> StoredProgress:
    """What the database knows; raises psycopg's errors."""
    cursor = await connection.execute(query("read_progress"))
    rows = await cursor.fetchall()
    stored = {
        TopicPartition(topic, partition): StoredPosition(*rest)
        for _, _, topic, partition, *rest in rows
        if topic is not None
    }
    return StoredProgress(rows[0][0], stored, rows[0][1])
