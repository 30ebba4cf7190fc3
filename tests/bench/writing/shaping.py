"""Fetches, decodes and prepares samples without writing them; prints its run as JSON.

Uses ingest's settings. The arguments are the number of agents and of rows.
"""

import asyncio
import sys
import time
from datetime import timedelta

import msgspec
from aiokafka import TopicPartition

from ingest.batch import AgentKeys, Fetched, agent_name
from ingest.decoding.decode import decode
from ingest.decoding.timecheck import check_times
from ingest.reading.batchsize import MAX_FETCH
from ingest.reading.consumer import GroupConsumer
from ingest.reading.limits import SMALLEST_FULL_BATCH
from ingest.reading.openconsumer import open_consumer
from ingest.writing.batchbuilder import agents_of, build_batch
from schemas.settings import IngestSettings, KafkaSettings, load
from tests.bench.writing.geometry import agent_ids
from tests.bench.writing.meter import Run

LATENESS = timedelta(days=31)


async def main(agents: int, rows: int) -> Run:
    """Process all rows of the samples' topic, up to the bytes for COPY."""
    kafka, ingest = load(KafkaSettings, IngestSettings)
    keys = AgentKeys({agent_name(*pair): n + 1 for n, pair in enumerate(agent_ids(agents))})
    async with open_consumer(kafka, ingest) as fetcher:
        fetcher.subscribe([kafka.samples_topic])
        await anext(fetcher.assignments())
        fetcher.start_at({TopicPartition(kafka.samples_topic, 0): 0}, {})
        began, began_cpu = time.perf_counter(), time.process_time()
        done = 0
        while done < rows:
            fetched = await _filled(fetcher, min(SMALLEST_FULL_BATCH, rows - done))
            decoded = decode(fetched, kafka.message_max_bytes)
            check_times(decoded, LATENESS)
            agents_of(decoded)
            build_batch(decoded, keys)
            done += decoded.rows
        return Run(
            rows=done,
            wall_s=time.perf_counter() - began,
            writer_cpu_s=time.process_time() - began_cpu,
            database_cpu_s=None,
            wal_bytes=None,
        )


async def _filled(fetcher: GroupConsumer, rows: int) -> Fetched:
    filled = Fetched()
    while filled.count < rows:
        arrived = await fetcher.fetch(500, min(MAX_FETCH, rows - filled.count))
        for partition, records in arrived.items():
            filled.add(partition, 0, records)
    return filled


if __name__ == "__main__":
    run = asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.buffer.write(msgspec.json.encode(run))
