"""Fetching, decoding and shaping alone, as a process: prints its run as JSON.

The settings are ingest's; the arguments are how many agents and how many rows there are.
"""

import asyncio
import sys
import time
from datetime import timedelta

import msgspec
from aiokafka import TopicPartition

from ingest.batch import AgentKeys, Intake
from ingest.fetch import Fetcher, open_fetcher
from ingest.intake import add_records
from ingest.pipeline import FETCH_EVENTS
from ingest.shape import agents_of, check_times, shape
from schemas.settings import IngestSettings, KafkaSettings, load
from tests.bench.writing.geometry import agent_ids
from tests.bench.writing.meter import Run

LATENESS = timedelta(days=31)


async def main(agents: int, rows: int) -> Run:
    """All rows of the samples' topic, up to the bytes that COPY would send."""
    kafka, ingest = load(KafkaSettings, IngestSettings)
    keys = AgentKeys({pair: n + 1 for n, pair in enumerate(agent_ids(agents))})
    async with open_fetcher(kafka, ingest, _forget) as fetcher:
        fetcher.subscribe([kafka.samples_topic])
        await fetcher.reassigned.wait()
        fetcher.start_at({TopicPartition(kafka.samples_topic, 0): 0}, {})
        began, began_cpu = time.perf_counter(), time.process_time()
        done = 0
        while done < rows:
            intake = await _filled(fetcher, kafka, min(ingest.batch_max_rows, rows - done), keys)
            check_times(intake, LATENESS)
            agents_of(intake)
            shape(intake, keys)
            done += intake.rows
        return Run(
            rows=done,
            wall_s=time.perf_counter() - began,
            writer_cpu_s=time.process_time() - began_cpu,
            database_cpu_s=None,
            wal_bytes=None,
        )


async def _filled(fetcher: Fetcher, kafka: KafkaSettings, rows: int, keys: AgentKeys) -> Intake:
    intake = Intake()
    while intake.rows < rows:
        fetched = await fetcher.fetch(500, min(FETCH_EVENTS, rows - intake.rows))
        for partition, records in fetched.items():
            add_records(intake, partition, 0, records, kafka.message_max_bytes, keys.keys())
    return intake


async def _forget() -> None:
    """Nothing is under way when the group takes the partition."""


if __name__ == "__main__":
    run = asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.buffer.write(msgspec.json.encode(run))
