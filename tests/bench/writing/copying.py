"""Binary COPY of rows prepared in memory: the cost of storage alone."""

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
    """The rows in batches, encoded as ingest encodes them."""
    return [encode_samples(frame) for frame in geometry.frames()]


def copy_bare(stack: Stack, geometry: Geometry, batches: Batches) -> Run:
    """COPY into the hypertable of samples, without aggregates."""
    with migrated_database(stack, geometry) as url:
        drop_aggregates(url)
        return _measured(url, geometry.rows, batches)


def copy(connection: Connection[Any], batches: Batches) -> None:
    """COPY each batch in its own transaction; the connection must be in autocommit mode."""
    with connection.cursor() as cursor:
        for pieces in batches:
            with cursor.copy(query("copy_samples")) as sink:
                for piece in pieces:
                    sink.write(piece)


def copy_into(url: str, batches: Batches) -> None:
    """Store rows before the measurement."""
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
