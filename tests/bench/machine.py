"""The machine and the software versions of a report."""

import importlib.metadata
import os
import platform
from typing import Final

import psycopg

from tests.bench.result import Machine

PACKAGES: Final = ("aiokafka", "msgspec", "polars", "psycopg", "litestar", "uvicorn")


def this_machine(database_url: str) -> Machine:
    """This machine; database version and edition are read from the server."""
    return Machine(
        cores=os.cpu_count() or 0,
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3,
        system=f"{platform.system()} {platform.release()}",
        database=_database(database_url),
        versions={
            "Python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
    )


def _database(url: str) -> str:
    with psycopg.connect(url) as connection:
        ((server, timescale),) = connection.execute(
            "select current_setting('server_version'), extversion from pg_extension "
            "where extname = 'timescaledb'"
        ).fetchall()
    return (
        f"PostgreSQL {server.split()[0]} with TimescaleDB {timescale} ({edition_at(url)} edition)"
    )


def edition_at(database_url: str) -> str:
    """`Apache` or `community`, from the server's `timescaledb.license`."""
    with psycopg.connect(database_url) as connection:
        ((licence,),) = connection.execute(
            "select current_setting('timescaledb.license')"
        ).fetchall()
    return "Apache" if licence == "apache" else "community"
