"""The rows of a benchmark: the number of agents, and their samples in each batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from schemas.events import Sample

STEP_US: Final = 10_000_000
MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATENESS_DAYS: Final = 30
DAY_US: Final = 86_400_000_000


def agent_ids(agents: int) -> list[tuple[str, str]]:
    """(user, agent) pairs by number; 50 agents per user."""
    return [(f"user-{n // 50}", f"agent-{n}") for n in range(agents)]


@dataclass(frozen=True)
class Geometry:
    """`rows` samples of `agents` agents in rotation, each every 10 seconds, evenly spread.

    Times ascend, the last is `newest`, and row n is sample n // agents of its agent.
    With `is_late`, each row has a random time in the 30 days before `newest` instead.
    """

    agents: int
    batch_rows: int
    rows: int
    newest: datetime
    is_late: bool = False

    def times_us(self) -> Any:
        """The time of each row, in microseconds since 1970."""
        newest = (self.newest - EPOCH) // MICROSECOND
        if self.is_late:
            ages = np.random.default_rng(2).integers(0, LATENESS_DAYS * DAY_US, self.rows)
            return newest - ages
        return newest - (np.arange(self.rows)[::-1] * STEP_US) // self.agents

    def time(self, row: int) -> datetime:
        """The time of one row."""
        return EPOCH + int(self.times_us()[row]) * MICROSECOND

    def oldest_on_time(self) -> datetime:
        """The watermark: all rows are late with `is_late`, none otherwise."""
        return self.newest if self.is_late or not self.rows else self.time(0)

    def samples(self) -> Iterator[Sample]:
        """The rows as events, in order."""
        cpu, messages = self._random()
        ids = agent_ids(self.agents)
        columns = zip(self.times_us().tolist(), cpu.tolist(), messages.tolist(), strict=True)
        for row, (ts, load, count) in enumerate(columns):
            user_id, agent_id = ids[row % self.agents]
            yield Sample(
                user_id=user_id,
                agent_id=agent_id,
                ts=EPOCH + ts * MICROSECOND,
                cpu=load,
                memory=50.25,
                messages=count,
                errors=0,
                response_ms=12.5,
            )

    def frames(self) -> Iterator[pl.DataFrame]:
        """The same rows as batches of columns, sorted as ingest sorts them; key = number + 1."""
        cpu, messages = self._random()
        columns = {
            "ts": self.times_us(),
            "agent_key": (np.arange(self.rows) % self.agents + 1).astype(np.int32),
            "cpu": cpu.astype(np.float32),
            "memory": np.full(self.rows, 50.25, np.float32),
            "messages": messages.astype(np.int32),
            "errors": np.zeros(self.rows, np.int32),
            "response_ms": np.full(self.rows, 12.5, np.float32),
        }
        unset = pl.lit(None, pl.Float32)
        rows = pl.DataFrame(columns).with_columns(storage_used_mb=unset, storage_total_mb=unset)
        for batch in rows.iter_slices(self.batch_rows):
            yield batch.sort("agent_key", "ts")

    def _random(self) -> tuple[Any, Any]:
        rng = np.random.default_rng(1)
        cpu = rng.uniform(0, 100, self.rows).round(2)
        return cpu, rng.integers(0, 1_000, self.rows)
