"""A simple consumer loop. Arguments: broker, topic, group, database."""

import asyncio
import json
import sys
from datetime import datetime
from itertools import chain
from typing import Any

import psycopg
from aiokafka import AIOKafkaConsumer

INSERT = """
insert into samples (ts, "userId", "agentId", cpu, memory, messages, errors, "responseMs")
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""


async def main(bootstrap: str, topic: str, group: str, url: str) -> None:
    """Run until killed."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024**2,
    )
    await consumer.start()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while True:
            records = await consumer.getmany(timeout_ms=1_000, max_records=10_000)
            rows = [_row(record.value) for record in chain(*records.values())]
            if rows:
                async with connection.transaction(), connection.cursor() as cursor:
                    await cursor.executemany(INSERT, rows)
                await consumer.commit()


def _row(value: bytes) -> tuple[Any, ...]:
    sample = json.loads(value)
    return (
        datetime.fromisoformat(sample["ts"]),
        sample["userId"],
        sample["agentId"],
        sample["cpu"],
        sample["memory"],
        sample["messages"],
        sample["errors"],
        sample["responseMs"],
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
