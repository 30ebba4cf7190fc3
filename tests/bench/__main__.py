"""`make bench`: measures, prints, and writes `docs/benchmarks.md`."""

import asyncio
import importlib.metadata
import logging
import os
import platform
import sys
from datetime import UTC, datetime
from typing import Final

import psycopg
import structlog

from tests.bench.reading import measure_reading
from tests.bench.writing import measure_writing
from tests.stack import REPOSITORY, Stack, running_stack

PAGE: Final = REPOSITORY / "docs" / "benchmarks.md"
PACKAGES: Final = ("aiokafka", "msgspec", "polars", "psycopg", "litestar", "granian")
PAIRS: Final = 5
QUERY_RUNS: Final = 45


def main() -> None:
    """Everything in one run on one machine; figures of different runs do not compare."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with running_stack() as stack:
        lines = [
            *_heading(stack),
            *asyncio.run(measure_writing(stack, PAIRS)),
            *measure_reading(stack, QUERY_RUNS),
        ]
    text = "\n".join(lines).rstrip() + "\n"
    sys.stdout.write(text)
    PAGE.write_text(text, encoding="utf-8")


def _heading(stack: Stack) -> list[str]:
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute(
            "select current_setting('server_version'), extversion, "
            "current_setting('timescaledb.license') from pg_extension "
            "where extname = 'timescaledb'"
        ).fetchone()
    server, timescale, licence = row or ("?", "?", "?")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return [
        "# Benchmarks",
        "",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `make bench`: {os.cpu_count()} cores, "
        f"{_memory_gib():.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, PostgreSQL {server.split()[0]} with TimescaleDB "
        f"{timescale} ({licence}), {versions}. Broker, database and Fleetgauge share the cores.",
        "",
        "Only ratios within one run count: absolute figures vary by half from day to day. Things "
        f"that are compared ran in turn, {PAIRS} times; a ratio is the median of the ratios run "
        "by run.",
        "",
    ]


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3


if __name__ == "__main__":
    main()
