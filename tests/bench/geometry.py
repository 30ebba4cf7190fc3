"""The rows of a benchmark: how many agents, and how many samples each has in a batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
from aiokafka import AIOKafkaProducer

from schemas.events import Sample
from tests.stack import Stack

START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Geometry:
    """`rows` samples of `agents` agents, one each in turn, so that a batch holds `per_agent`."""

    name: str
    agents: int
    batch_rows: int
    rows: int

    @property
    def start(self) -> datetime:
        """When the first sample was taken: all are of the last hour."""
        return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    def agent_ids(self) -> list[tuple[str, str]]:
        """(user, agent) by number; 50 agents a user."""
        return [(f"user-{n // 50}", f"agent-{n}") for n in range(self.agents)]

    def samples(self, start: datetime) -> Iterator[Sample]:
        """The rows as events, in the order in which a live fleet sends them."""
        rng = np.random.default_rng(1)
        cpu = rng.uniform(0, 100, self.rows).round(2).tolist()
        counts = rng.integers(0, 1_000, self.rows).tolist()
        ids = self.agent_ids()
        for row in range(self.rows):
            user_id, agent_id = ids[row % self.agents]
            yield Sample(
                user_id=user_id,
                agent_id=agent_id,
                ts=start - (row // self.agents) * timedelta(seconds=10),
                cpu=cpu[row],
                memory=50.25,
                messages=counts[row],
                errors=0,
                response_ms=12.5,
            )

    def frames(self, start: datetime) -> Iterator[pl.DataFrame]:
        """The same rows as batches of columns, sorted as ingest sorts them; key = number + 1."""
        samples = list(self.samples(start))
        keys = {pair: number + 1 for number, pair in enumerate(self.agent_ids())}
        for first in range(0, self.rows, self.batch_rows):
            yield _frame(samples[first : first + self.batch_rows], keys)


def _frame(samples: list[Sample], keys: dict[tuple[str, str], int]) -> pl.DataFrame:
    told = pl.Series([None] * len(samples), dtype=pl.Float32)
    return pl.DataFrame(
        {
            "ts": [round(s.ts.timestamp() * 1_000_000) for s in samples],
            "agent_key": pl.Series([keys[s.user_id, s.agent_id] for s in samples], dtype=pl.Int32),
            "cpu": pl.Series([s.cpu for s in samples], dtype=pl.Float32),
            "memory": pl.Series([s.memory for s in samples], dtype=pl.Float32),
            "messages": pl.Series([s.messages for s in samples], dtype=pl.Int32),
            "errors": pl.Series([s.errors for s in samples], dtype=pl.Int32),
            "response_ms": pl.Series([s.response_ms for s in samples], dtype=pl.Float32),
            "storage_used_mb": told,
            "storage_total_mb": told,
        }
    ).sort("agent_key", "ts")


async def load_topic(stack: Stack, topic: str, geometry: Geometry, start: datetime) -> None:
    """Puts the rows into a topic, one sample a message."""
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka_bootstrap, linger_ms=20, max_batch_size=256 * 1024
    )
    await producer.start()
    try:
        for sample in geometry.samples(start):
            await producer.send(topic, msgspec.json.encode(sample), key=sample.agent_id.encode())
        await producer.flush()
    finally:
        await producer.stop()
