"""The memory of ingest under overload."""

import shutil
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from statistics import fmean
from typing import Final

import psutil

from tests.bench.measurement import Bench, NotHereError
from tests.bench.result import Reached, Result, Series
from tests.bench.writing.databases import migrated_database
from tests.bench.writing.feeding import Feed, feeding
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import open_meter
from tests.bench.writing.processes import check
from tests.bench.writing.progress import reach, stored_offsets
from tests.bench.writing.throughput import BATCH_ROWS
from tests.bench.writing.topic import created_topics

NAME: Final = "memory"
TITLE: Final = "Memory"
AGENTS: Final = 1_000
SECONDS: Final = 12.0
FULL_SECONDS: Final = 600.0
LOOK_EVERY_S: Final = 1.0
MEGABYTE: Final = 1_000_000
START_DEADLINE_S: Final = 60.0
# For the topic, the tables and the log, doubled as a reserve; freed at the end.
DISK_BYTES_A_SECOND: Final = 60_000_000


def measure(bench: Bench) -> Result:
    """Measure from the first stored rows on, while the producer stays ahead."""
    seconds = FULL_SECONDS if bench.scale.is_full else SECONDS
    free = shutil.disk_usage(bench.cache).free
    if free < seconds * DISK_BYTES_A_SECOND:
        raise NotHereError(f"{free / 1e9:.0f} GB of disk are not enough for {seconds:.0f} s")
    sizes, rate = _watch(bench, seconds)
    return Result(
        name=NAME,
        title=TITLE,
        setup=(
            f"{bench.edition} edition, {AGENTS:,} agents, batches of {BATCH_ROWS:,}, one "
            f"connection, {seconds:.0f} s at {rate:,.0f} rows/s, with the producer on the "
            "same machine"
        ),
        series=(Series("`fleetgauge ingest`", {"MB": tuple(sizes)}),),
        reached=(
            Reached("memory_peak", (max(sizes),)),
            Reached("memory_growth", (_growth(sizes),)),
        ),
    )


def _growth(sizes: list[float]) -> float:
    """The ratio of the means of the last and the second quarter; the first is the start-up."""
    quarter = len(sizes) // 4
    return fmean(sizes[-quarter:]) / fmean(sizes[quarter : 2 * quarter])


def _watch(bench: Bench, seconds: float) -> tuple[list[float], float]:
    """Return the resident megabytes, one value per LOOK_EVERY_S, and the rows/s."""
    geometry = Geometry(AGENTS, BATCH_ROWS, 0, datetime.now(UTC))
    with ExitStack() as until_done:
        topics = until_done.enter_context(created_topics(bench.stack))
        url = until_done.enter_context(migrated_database(bench.stack, geometry))
        feed = Feed(bench.stack.kafka_bootstrap, url, topics.samples, 1, AGENTS, seconds + 120)
        ingest = Ingest(bench.stack, url, topics, BATCH_ROWS, bench.scratch)
        writers = until_done.enter_context(ingest.running())
        meter = until_done.enter_context(open_meter(url, [writers[0].pid]))
        until_done.enter_context(feeding(feed, bench.scratch))
        progress = stored_offsets(topics.samples)
        before = reach(meter.connection, progress, 1, START_DEADLINE_S, lambda: check(writers))
        process = psutil.Process(writers[0].pid)
        began = time.monotonic()
        sizes = []
        while (elapsed := time.monotonic() - began) < seconds:
            check(writers)
            sizes.append(process.memory_info().rss / MEGABYTE)
            time.sleep(LOOK_EVERY_S)
        return sizes, (progress(meter.connection) - before) / elapsed
