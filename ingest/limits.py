"""How much a batch holds and how long things may take."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ingest.batch import Intake
from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings

SMALLEST_FULL_BATCH: Final = 10_000
ROWS_AN_AGENT: Final = 10
# Dead letters take some ten microseconds each, and every partition of the batch waits for them.
MAX_REJECTIONS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in rows, bytes and seconds.

    So many `agents` are remembered; `lateness` is how old a sample may be.
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
        )

    def is_full(self, intake: Intake, agents: int, rejected_share: float) -> bool:
        """Whether no more records should be added before this is written.

        `rejected_share` is that of the batch before: times are not checked yet, and may be what
        most of these events are rejected for.
        """
        rejections = max(len(intake.rejections), intake.rows * rejected_share)
        return (
            intake.rows >= self.full_rows(agents)
            or intake.nbytes >= self.max_bytes
            or rejections >= MAX_REJECTIONS
        )

    def full_rows(self, agents: int) -> int:
        """The rows of a full batch.

        Rollups cost by the agents in a batch, not its rows: in a backlog it grows with the fleet.
        """
        return min(max(SMALLEST_FULL_BATCH, ROWS_AN_AGENT * agents), self.max_rows)
