"""A batch's updates of the aggregates: the platform's hours, and late samples."""

from typing import Any, Final

import polars as pl
from psycopg import AsyncConnection

from ingest.writing.arrayparameters import Bigints, Column, Doubles, Integers, Reals, Timestamps
from schemas.events import GAUGES
from sql.named import query

HOUR_US: Final = 3_600_000_000
BUCKET_US: Final = 300_000_000

Figures = dict[str, tuple[pl.Expr, type[Column]]]


def _sums_of_gauge(name: str) -> Figures:
    # The table has single precision; sums are computed in double precision.
    return {
        f"{name}_samples": (pl.col(name).count().cast(pl.Int64), Bigints),
        f"{name}_sum": (pl.col(name).cast(pl.Float64).sum(), Doubles),
        f"{name}_max": (pl.col(name).max(), Reals),
    }


# Sums of samples, with the columns of the type `sample_sums`.
SUMS: Final[Figures] = {
    "samples": (pl.len().cast(pl.Int64), Bigints),
    **{name: figure for gauge in GAUGES for name, figure in _sums_of_gauge(gauge).items()},
    "messages": (pl.col("messages").cast(pl.Int64).sum(), Bigints),
    "errors": (pl.col("errors").cast(pl.Int64).sum(), Bigints),
    "response_ms_sum": (
        (pl.col("response_ms").cast(pl.Float64) * pl.col("messages")).sum(),
        Doubles,
    ),
    "response_messages": (
        pl.col("messages").cast(pl.Int64).filter(pl.col("response_ms").is_not_null()).sum(),
        Bigints,
    ),
}
_has_storage: Final = (
    pl.col("storage_used_mb").is_not_null() & pl.col("storage_total_mb").is_not_null()
)
# The columns of `agent_latest`, from an agent's samples ordered by time.
NEWEST: Final[Figures] = {
    "first_ts": (pl.col("ts").first(), Timestamps),
    "ts": (pl.col("ts").last(), Timestamps),
    "cpu": (pl.col("cpu").last(), Reals),
    "memory": (pl.col("memory").last(), Reals),
    # Without storage values, the agent's first time is a placeholder.
    "storage_ts": (
        pl.col("ts").filter(_has_storage).last().fill_null(pl.col("ts").first()),
        Timestamps,
    ),
    "storage_used_mb": (pl.col("storage_used_mb").filter(_has_storage).last(), Reals),
    "storage_total_mb": (pl.col("storage_total_mb").filter(_has_storage).last(), Reals),
}


async def add_to_platform(
    connection: AsyncConnection[Any], samples: pl.DataFrame, shard: int
) -> None:
    """Adds samples, with columns as in `Batch`, to the platform's hourly rows."""
    await connection.execute(query("add_to_platform"), {**hours_of(samples), "shard": shard})


def hours_of(samples: pl.DataFrame) -> dict[str, Column]:
    """Hourly sums of samples, the parameters of `add_to_platform`."""
    hours = _grouped(samples, SUMS, _bucket(HOUR_US))
    return {"bucket": Timestamps(hours["bucket"].to_numpy()), **_columns(hours, SUMS)}


async def add_late(connection: AsyncConnection[Any], samples: pl.DataFrame) -> None:
    """Locks the watermark until the caller's transaction ends, and aggregates samples before it.

    `samples` are ordered by (agent_key, ts) and stored in the same transaction. Waits for a running
    refresh only if they are older than the range that it aggregates.
    """
    oldest = samples["ts"].min()
    if oldest is None:
        return
    cursor = await connection.execute(query("hold_watermark"), {"oldest": Timestamps([oldest])})
    ((watermark_us,),) = await cursor.fetchall()
    late = samples.filter(pl.col("ts") < watermark_us)
    if late.height:
        await connection.execute(query("add_late_samples"), late_values(late))


def late_values(late: pl.DataFrame) -> dict[str, Column]:
    """5-minute sums and newest samples by agent, the parameters of `add_late_samples`."""
    sums = _grouped(late, SUMS, pl.col("agent_key"), _bucket(BUCKET_US))
    newest = _grouped(late, NEWEST, pl.col("agent_key"))
    return {
        "sums_agent_key": Integers(sums["agent_key"].to_numpy()),
        "bucket": Timestamps(sums["bucket"].to_numpy()),
        **_columns(sums, SUMS),
        "agent_key": Integers(newest["agent_key"].to_numpy()),
        **_columns(newest, NEWEST),
    }


def _bucket(width_us: int) -> pl.Expr:
    return (pl.col("ts") // width_us * width_us).alias("bucket")


def _grouped(samples: pl.DataFrame, figures: Figures, *keys: pl.Expr) -> pl.DataFrame:
    wanted = [expression.alias(name) for name, (expression, _) in figures.items()]
    return samples.group_by(*keys, maintain_order=True).agg(wanted)


def _columns(frame: pl.DataFrame, figures: Figures) -> dict[str, Column]:
    return {name: column(frame[name].to_numpy()) for name, (_, column) in figures.items()}
