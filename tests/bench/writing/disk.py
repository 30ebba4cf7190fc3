"""Disk space per sample, compared with the same samples in Telegraf's table."""

from typing import Final

import psycopg

from tests.bench.measurement import Bench, in_a_line
from tests.bench.result import Reached, Result, Series
from tests.bench.writing.databases import empty_database, migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.peers.telegraf import TELEGRAF
from tests.bench.writing.throughput import SHORT, setup_of
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "disk"
TITLE: Final = "Bytes on disk"
BYTES: Final = "bytes a sample"
OURS: Final = "agent_samples"
REST: Final = "everything else that Fleetgauge stores"
RELATION_BYTES: Final = "select coalesce(hypertable_size(%s::text::regclass), 0)::bigint"
# All tables and indexes except system tables and TimescaleDB's catalog.
ALL_BYTES: Final = """
select sum(pg_total_relation_size(pg_class.oid))::bigint
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where relkind = 'r' and nspname in ('public', '_timescaledb_internal')
"""


def measure(bench: Bench) -> Result:
    """Measure the same rows in both, as written, without compression."""
    geometry = SHORT.geometry(bench)
    series, missing = [], {}
    with filled_topics(bench.stack, geometry.samples()) as topics:
        raw, rest = _ours(bench, geometry, topics)
        series += [Series(OURS, {BYTES: (raw,)}), Series(REST, {BYTES: (rest,)})]
        reached: tuple[Reached, ...] = ()
        try:
            theirs = _telegraf(bench, geometry, topics)
            series.append(Series(f"{TELEGRAF.name}'s table", {BYTES: (theirs,)}))
            reached = (Reached(NAME, (raw / theirs,)),)
        except Exception as error:
            missing[NAME] = in_a_line(error)
    return Result(
        name=NAME,
        title=TITLE,
        setup=setup_of(bench, geometry),
        series=tuple(series),
        reached=reached,
        missing=missing,
        remarks=(
            "Everything else is mostly one row per agent and 5 minutes, for any number of samples.",
        ),
    )


def _ours(bench: Bench, geometry: Geometry, topics: Topics) -> tuple[float, float]:
    """Bytes per sample: of the raw rows, and of everything else."""
    with migrated_database(bench.stack, geometry) as url:
        before = _bytes(url, ALL_BYTES)
        Ingest(bench.stack, url, topics, geometry.batch_rows, bench.scratch).run(geometry.rows)
        raw = _bytes(url, RELATION_BYTES, "agent_samples")
        rest = _bytes(url, ALL_BYTES) - before - raw
    return raw / geometry.rows, rest / geometry.rows


def _telegraf(bench: Bench, geometry: Geometry, topics: Topics) -> float:
    with empty_database(bench.stack) as url:
        TELEGRAF.fill(bench, geometry, topics.samples, url, geometry.rows)
        return _bytes(url, RELATION_BYTES, "samples") / geometry.rows


def _bytes(url: str, question: str, *parameters: str) -> int:
    with psycopg.connect(url) as connection:
        ((found,),) = connection.execute(question.encode(), parameters).fetchall()
    return int(found)
