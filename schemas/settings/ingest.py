"""Batch sizes, timeouts and intervals of ingest."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from schemas.settings.environment import Port, Settings


class IngestSettings(Settings):
    """Batch sizes, timeouts and intervals of ingest."""

    model_config = SettingsConfigDict(title="Ingest")
    commands: ClassVar[tuple[str, ...]] = ("ingest", "maintain")

    consumer_group: str = "fleetgauge-ingest"
    """the Kafka consumer group"""
    batch_max_rows: Annotated[int, Field(ge=1)] = 100_000
    """maximum rows of a transaction; reached only with many agents and a backlog"""
    batch_max_bytes: Annotated[int, Field(ge=1_024)] = 64 * 1024**2
    """maximum bytes of messages of a transaction"""
    batch_linger_ms: Annotated[int, Field(ge=0, le=60_000)] = 100
    """how long a batch that is not full waits for more messages"""
    agent_cache_size: Annotated[int, Field(ge=1_000)] = 100_000
    """number of most recently seen agents whose keys are cached; with a larger fleet each batch
    looks up some of them in the database. The cache holds at most twice this number"""
    claim_patience_ms: Annotated[int, Field(ge=100)] = 2_000
    """how long a claim on partitions waits for another writer before it ends that writer's
    session"""
    drain_timeout_ms: Annotated[int, Field(ge=100)] = 10_000
    """how long shutdown waits for batches in progress"""
    stall_timeout_ms: Annotated[int, Field(ge=1_000)] = 300_000
    """how long ingest may make no progress before it
    [ends with status 3](ingest.md#stalls); time without the database does not count"""
    upkeep_interval_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    """how often data older than its retention is dropped"""
    refresh_s: Annotated[int, Field(ge=1, le=600)] = 30
    """seconds between two [refreshes](refresh.md), which aggregate samples; queries add the samples
    that are not aggregated yet"""
    metrics_host: str = "127.0.0.1"
    """the address of ingest's `/metrics`"""
    metrics_port: Port = 9464
    """the port of ingest's `/metrics`"""

    @property
    def upkeep_interval(self) -> timedelta:
        return timedelta(minutes=self.upkeep_interval_minutes)

    @property
    def refresh_interval(self) -> timedelta:
        return timedelta(seconds=self.refresh_s)
