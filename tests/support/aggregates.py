"""Compares every aggregate with a group-by of the raw rows."""

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psycopg

from sql.edition import Edition, read_edition
from tests.community.samples import refresh

DIFFERENCES = Path(__file__).parent / "differences"
LEVELS = {
    "agent_metrics_5m": timedelta(minutes=5),
    "agent_metrics_1h": timedelta(hours=1),
    "agent_metrics_1d": timedelta(days=1),
}
SUMS = [
    "samples",
    "cpu_samples",
    "memory_samples",
    "messages",
    "errors",
    "response_messages",
    "up_buckets",
]
PLATFORM_SUMS = [name for name in SUMS if name != "up_buckets"]
# These queries compare sums of doubles, whose last bits depend on the order of addition: they only
# work for whole numbers.
SUMS_OF_DOUBLES = {"levels", "platform_metrics_1h"}
REALS = ["cpu_sum", "cpu_max", "memory_sum", "memory_max", "response_ms_sum"]


# Up to the newest sample, which stays in the tail.
REFRESH = """
    do $$
    declare
        newest timestamptz;
    begin
        select max(ts) into newest from agent_samples;
        if newest is not null then
            commit;
            call refresh_samples(newest);
        end if;
    end
    $$
"""


def check_aggregates(database: str, *, as_found: bool = False) -> None:
    """Checks all aggregates, with the watermark where it is and again after moving it.

    Every level must equal a polars group-by of the raw rows, in double precision. For every other
    derived relation the query of its name in `differences/` must return no rows.

    On the community edition levels are exact only after a refresh. Unless `as_found`, this first
    refreshes what TimescaleDB's invalidation log requires.
    """
    if not as_found:
        _refresh(database)
    _check(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(REFRESH)
    _check(database)


def _check(database: str) -> None:
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        raw = _frame(connection, "select * from agent_samples")
        fine = roll_up(raw, LEVELS["agent_metrics_5m"])
        for table, width in LEVELS.items():
            stored = _frame(connection, f"select * from {table}")  # noqa: S608 - names of ours
            expected = _coarser(roll_up(raw, width), fine, width)
            _same(stored, expected, ["agent_key", "bucket"], SUMS)
        platform = _frame(connection, "select * from platform_metrics_1h")
        _check_differences(connection)
    hourly = roll_up(raw, timedelta(hours=1))
    _same(_over_all(platform), _over_all(hourly), ["bucket"], PLATFORM_SUMS)


def _refresh(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        if read_edition(connection) is Edition.APACHE:
            return
        bounds = connection.execute("select min(ts), max(ts) from agent_samples").fetchone()
        if bounds and bounds[0]:
            start, stop = (bound.astimezone(UTC).replace(hour=0, minute=0) for bound in bounds)
            refresh(connection, start, stop + timedelta(days=1))


def _check_differences(connection: psycopg.Connection[Any]) -> None:
    for file in sorted(DIFFERENCES.glob("*.sql")):
        if file.stem in SUMS_OF_DOUBLES:
            continue
        different = connection.execute(file.read_bytes()).fetchall()
        assert not different, f"{file.stem}: {len(different)} rows differ, such as {different[0]}"


def roll_up(raw: pl.DataFrame, width: timedelta) -> pl.DataFrame:
    """The rows of one level, from raw samples."""
    known = pl.col("response_ms").is_not_null()
    double = pl.col("cpu", "memory", "response_ms").cast(pl.Float32).cast(pl.Float64)
    return (
        raw.with_columns(double, pl.col("ts").dt.truncate(width).alias("bucket"))
        .group_by("bucket", "agent_key")
        .agg(
            pl.len().cast(pl.Int64).alias("samples"),
            pl.col("cpu").count().cast(pl.Int64).alias("cpu_samples"),
            pl.col("cpu").sum().alias("cpu_sum"),
            pl.col("cpu").max().alias("cpu_max"),
            pl.col("memory").count().cast(pl.Int64).alias("memory_samples"),
            pl.col("memory").sum().alias("memory_sum"),
            pl.col("memory").max().alias("memory_max"),
            pl.col("messages").cast(pl.Int64).sum(),
            pl.col("errors").cast(pl.Int64).sum(),
            (pl.col("response_ms") * pl.col("messages")).sum().alias("response_ms_sum"),
            pl.col("messages").cast(pl.Int64).filter(known).sum().alias("response_messages"),
        )
    )


def _coarser(level: pl.DataFrame, fine: pl.DataFrame, width: timedelta) -> pl.DataFrame:
    up = (
        fine.with_columns(pl.col("bucket").dt.truncate(width))
        .group_by("bucket", "agent_key")
        .agg(pl.len().cast(pl.Int64).alias("up_buckets"))
    )
    return level.join(up, on=["bucket", "agent_key"])


def _over_all(rows: pl.DataFrame) -> pl.DataFrame:
    sums = [name for name in [*PLATFORM_SUMS, *REALS] if not name.endswith("_max")]
    return rows.group_by("bucket").agg(pl.col(sums).sum(), pl.col("cpu_max", "memory_max").max())


def _frame(connection: psycopg.Connection[Any], query: str) -> pl.DataFrame:
    cursor = connection.execute(query.encode())
    names = [column.name for column in cursor.description or ()]
    # Without rows polars cannot infer these types.
    times = {name: pl.Datetime("us", "UTC") for name in names if name in {"ts", "bucket"}}
    return pl.DataFrame(
        cursor.fetchall(),
        schema=names,
        schema_overrides=times,
        orient="row",
        infer_schema_length=None,
    )


def _same(stored: pl.DataFrame, expected: pl.DataFrame, key: list[str], exact: list[str]) -> None:
    stored, expected = stored.sort(key), expected.sort(key)
    for name in [*key, *exact]:
        assert stored[name].to_list() == expected[name].to_list(), name
    for name in REALS:
        np.testing.assert_allclose(
            stored[name].cast(pl.Float64).to_numpy(), expected[name].to_numpy(), 1e-6, err_msg=name
        )
