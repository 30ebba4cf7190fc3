"""Batch sizes and timeouts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ingest.reading.polling import POLL_EVERY_S
from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings

SMALLEST_FULL_BATCH: Final = 10_000
ROWS_AN_AGENT: Final = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in rows, bytes and seconds.

    `agents` is the size of the agent key cache, `lateness` the maximum age of a sample, `timeline`
    that of a timeline event, `confirm_s` the time for leaders to confirm a batch's logs, and
    `poll_s` the interval of polls during longer waits.
    """

    max_rows: int
    max_bytes: int
    max_message_bytes: int
    agents: int
    linger_s: float
    patience_s: float
    drain_s: float
    stall_s: float
    lateness: timedelta
    timeline: timedelta
    # Enough to elect a new leader. Waiting longer would block other partitions.
    confirm_s: float = 5.0
    poll_s: float = POLL_EVERY_S

    @classmethod
    def of(
        cls, database: DatabaseSettings, kafka: KafkaSettings, ingest: IngestSettings
    ) -> "Limits":
        return cls(
            max_rows=ingest.batch_max_rows,
            max_bytes=ingest.batch_max_bytes,
            max_message_bytes=kafka.message_max_bytes,
            agents=ingest.agent_cache_size,
            linger_s=ingest.batch_linger_ms / 1000,
            patience_s=ingest.claim_patience_ms / 1000,
            drain_s=ingest.drain_timeout_ms / 1000,
            stall_s=ingest.stall_timeout_ms / 1000,
            lateness=database.lateness_limit,
            timeline=database.timeline_retention,
        )

    def full_rows(self, agents: int) -> int:
        """The rows of a full batch.

        It grows with the number of agents, because the fixed cost of a batch does too.
        """
        return min(max(SMALLEST_FULL_BATCH, ROWS_AN_AGENT * agents), self.max_rows)
