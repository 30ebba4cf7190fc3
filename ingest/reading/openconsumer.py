"""Opens a consumer of the group that reads with Fleetgauge's reader of record batches."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer

from ingest.kafka.aiokafkapatch import install_reader
from ingest.kafka.fetcherrors import report_fetches
from ingest.kafka.logends import open_log_ends
from ingest.kafka.unpack import Unpacker
from ingest.reading.consumer import GroupConsumer
from ingest.reading.quarantine import Quarantine
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import IngestSettings, KafkaSettings

SESSION_TIMEOUT_MS = 6_000
# Members learn of a rebalance from a heartbeat, so this bounds its duration.
HEARTBEAT_MS = 1_000
# The client has one fetch in flight per broker: while one waits for idle partitions, partitions
# with a backlog wait too.
FETCH_WAIT_MS = 20
# A broker that does not report our topics is asked again sooner than after five minutes.
METADATA_MAX_AGE_MS = 10_000


@asynccontextmanager
async def open_consumer(
    kafka: KafkaSettings,
    ingest: IngestSettings,
    *,
    skip_unreadable: bool = False,
) -> AsyncIterator[GroupConsumer]:
    """A started consumer without a subscription; raises KafkaError if no broker responds.

    With `skip_unreadable` it skips unreadable record batches.
    """
    consumer = AIOKafkaConsumer(
        **client_options(kafka),
        client_id="fleetgauge-ingest",
        group_id=ingest.consumer_group,
        enable_auto_commit=False,
        # A position outside the log raises an error instead of a silent reset.
        auto_offset_reset="none",
        isolation_level="read_committed",
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        max_partition_fetch_bytes=4 * kafka.message_max_bytes,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
    )
    await start(consumer, client_options(kafka))
    quarantine = Quarantine(consumer.pause, skips=skip_unreadable)
    report_fetches(consumer._client, quarantine)  # noqa: SLF001 - no public API has the errors
    unpacker = Unpacker(quarantine)
    try:
        install_reader(consumer, unpacker)
        async with open_log_ends(kafka, consumer) as log_ends:
            opened = GroupConsumer(consumer, unpacker, log_ends, ingest.claim_patience_ms / 1000)
            try:
                yield opened
            finally:
                opened.close()
    finally:
        await consumer.stop()
