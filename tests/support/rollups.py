"""Random samples, and their expected rollups by polars."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import polars as pl
import psycopg
from hypothesis import strategies as st

LEVELS = {"agent_metrics_5m": "5m", "agent_metrics_1h": "1h", "agent_metrics_1d": "1d"}
FIGURES = (
    "samples",
    "cpu_samples",
    "cpu_sum",
    "cpu_max",
    "memory_samples",
    "memory_sum",
    "memory_max",
    "messages",
    "errors",
    "response_ms_sum",
    "response_messages",
    "up_buckets",
)
COLUMNS = ("ts", "agent_key", "cpu", "memory", "messages", "errors", "response_ms")


class Sent(NamedTuple):
    """A sample's identity; its values derive from it, so that a duplicate is identical."""

    agent_key: int
    day: int
    half_minute: int

    def row(self, start: datetime) -> tuple[Any, ...]:
        """The sample as a row of `COLUMNS`, with times relative to `start`."""
        random = Random(str(self))
        ts = start + timedelta(days=self.day, seconds=30 * self.half_minute)
        percents = [random.choice([None, random.randrange(1001) / 10]) for _ in range(2)]
        response_ms = random.choice([None, random.randrange(100_000) / 10])
        counts = (random.randrange(1000), random.randrange(10))
        return (ts, self.agent_key, *percents, *counts, response_ms)


Batch = list[Sent]
# Twenty minutes of three days. If they begin before midnight, a batch crosses hours, days and
# chunks, and later batches are up to a month late.
BATCHES = st.lists(
    st.lists(
        st.builds(Sent, st.integers(1, 3), st.sampled_from([0, 1, 30]), st.integers(0, 39)),
        min_size=1,
        max_size=40,
    ),
    min_size=1,
    max_size=6,
)


def expected(
    batches: Iterable[Batch], start: datetime, every: str, keys: list[str]
) -> list[tuple[Any, ...]]:
    """The rollup; values are cast to float32 first, as in the table, and summed in float64."""
    rows = [sent.row(start) for sent in {sent for batch in batches for sent in batch}]
    frame = pl.DataFrame(rows, schema=list(COLUMNS), orient="row").with_columns(
        pl.col("cpu", "memory", "response_ms").cast(pl.Float32).cast(pl.Float64),
        fine=pl.col("ts").dt.truncate("5m"),
        bucket=pl.col("ts").dt.truncate(every),
    )
    known = pl.col("response_ms").is_not_null()
    grouped = frame.group_by(keys).agg(
        pl.len(),
        pl.col("cpu").count().alias("cpu_samples"),
        pl.col("cpu").sum(),
        pl.col("cpu").max().alias("cpu_max"),
        pl.col("memory").count().alias("memory_samples"),
        pl.col("memory").sum(),
        pl.col("memory").max().alias("memory_max"),
        pl.col("messages").sum(),
        pl.col("errors").sum(),
        (pl.col("response_ms") * pl.col("messages")).sum().alias("response_ms_sum"),
        pl.col("messages").filter(known).sum().alias("response_messages"),
        pl.struct("agent_key", "fine").n_unique().alias("up_buckets"),
    )
    return sorted(grouped.rows())


def stored(
    connection: psycopg.Connection[Any],
    relation: str,
    start: datetime,
    keys: list[str],
    figures: tuple[str, ...] = FIGURES,
) -> list[tuple[Any, ...]]:
    """The stored rollup from the day of `start` on; shards of the platform are added up."""
    key = ", ".join(keys)
    sums = ", ".join(
        f"max({name})::double precision" if name.endswith("max") else f"sum({name})"
        for name in figures
    )
    text = (
        f"select {key}, {sums} from {relation} "  # noqa: S608 - names of ours
        f"where bucket >= date_trunc('day', %s, 'UTC') group by {key} order by {key}"
    )
    return connection.execute(text.encode(), [start]).fetchall()


def check(connection: psycopg.Connection[Any], batches: list[Batch], start: datetime) -> None:
    """Every level, and the platform's hours, equal polars' result for these batches."""
    for relation, every in LEVELS.items():
        keys = ["agent_key", "bucket"]
        found = stored(connection, relation, start, keys)
        assert found == expected(batches, start, every, keys), relation
    check_platform(connection, batches, start)


def check_platform(
    connection: psycopg.Connection[Any], batches: list[Batch], start: datetime
) -> None:
    """The platform's hours are exact at any time, on both editions."""
    platform = stored(connection, "platform_metrics_1h", start, ["bucket"], FIGURES[:-1])
    assert platform == [row[:-1] for row in expected(batches, start, "1h", ["bucket"])]
