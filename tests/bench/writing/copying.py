"""Binary COPY of rows that lie ready in memory: what storing them costs, and nothing else."""

import os
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from ingest.writing.binarycopy import encode_samples
from sql.named import query
from tests.bench.writing.databases import drop_aggregates, migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.meter import Run, open_meter
from tests.support.stack import Stack

Batches = Sequence[Sequence[bytes]]


def encoded(geometry: Geometry) -> Batches:
    """The rows as ingest would send them, batch by batch."""
    return [encode_samples(frame) for frame in geometry.frames()]


def copy_bare(stack: Stack, geometry: Geometry, batches: Batches) -> Run:
    """Into the hypertable of samples; nothing is aggregated."""
    with migrated_database(stack, geometry) as url:
        drop_aggregates(url)
        return _measured(url, geometry.rows, batches)


def copy(connection: Connection[Any], batches: Batches) -> None:
    """Each batch in a transaction of its own; the connection commits by itself."""
    with connection.cursor() as cursor:
        for pieces in batches:
            with cursor.copy(query("copy_samples")) as sink:
                for piece in pieces:
                    sink.write(piece)


def copy_into(url: str, batches: Batches) -> None:
    """Puts rows into a database before anything is measured."""
    with Connection.connect(url, autocommit=True) as connection:
        copy(connection, batches)


def _measured(url: str, rows: int, batches: Batches) -> Run:
    with (
        open_meter(url, [os.getpid()]) as meter,
        Connection.connect(url, autocommit=True) as connection,
    ):
        meter.start()
        copy(connection, batches)
        return meter.stop(rows)
