"""How much a batch holds and how long things may take."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from schemas.settings.environment import Port, Settings


class IngestSettings(Settings):
    """How much a batch holds and how long things may take."""

    model_config = SettingsConfigDict(title="Ingest")
    commands: ClassVar[tuple[str, ...]] = ("ingest", "maintain")

    consumer_group: str = "fleetgauge-ingest"
    """the group whose members share the partitions"""
    batch_max_rows: Annotated[int, Field(ge=1)] = 100_000
    """most rows of a transaction; it is filled so far only when many agents send and there is a
    backlog"""
    batch_max_bytes: Annotated[int, Field(ge=1_024)] = 64 * 1024**2
    """most bytes of messages of a transaction"""
    batch_linger_ms: Annotated[int, Field(ge=0, le=60_000)] = 100
    """how long a batch that is not full waits for more"""
    agent_cache_size: Annotated[int, Field(ge=1_000)] = 100_000
    """agents whose keys ingest remembers, those it heard of last; with a larger fleet it looks some
    up for each batch. It holds twice as many at most"""
    claim_patience_ms: Annotated[int, Field(ge=100)] = 2_000
    """how long a claim on partitions waits for another writer before it ends that writer's
    session"""
    drain_timeout_ms: Annotated[int, Field(ge=100)] = 10_000
    """how long the end waits for the batches under way"""
    stall_timeout_ms: Annotated[int, Field(ge=1_000)] = 300_000
    """how long ingest may stand still before it [ends with status 3](ingest.md#standing-still); a
    database that is away does not count"""
    upkeep_interval_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    """how often what is older than its retention is dropped"""
    refresh_s: Annotated[int, Field(ge=1, le=600)] = 30
    """seconds between two [refreshes](refresh.md), which aggregate samples; readers add up what is
    not aggregated yet"""
    metrics_host: str = "127.0.0.1"
    """where ingest's own metrics are served"""
    metrics_port: Port = 9464
    """the port of these"""

    @property
    def upkeep_interval(self) -> timedelta:
        return timedelta(minutes=self.upkeep_interval_minutes)

    @property
    def refresh_interval(self) -> timedelta:
        return timedelta(seconds=self.refresh_s)
