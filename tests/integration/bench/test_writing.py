"""Each contestant of the benchmark writes all rows and is measured."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.bench.machine import edition_at
from tests.bench.measurement import Bench, Scale
from tests.bench.writing.databases import empty_database, migrated_database
from tests.bench.writing.fence import UNFENCED
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import Run, cpu_s, open_meter
from tests.bench.writing.peers.plain import PLAIN
from tests.bench.writing.progress import stored_row
from tests.bench.writing.throughput import shaped
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Stack, Topics

pytestmark = pytest.mark.integration
ROWS = 2_000


@pytest.fixture
def bench(stack: Stack, tmp_path: Path) -> Bench:
    return Bench(stack, edition_at(stack.database_url), Scale(), tmp_path, tmp_path)


@pytest.fixture
def geometry() -> Geometry:
    return Geometry(agents=100, batch_rows=500, rows=ROWS, newest=datetime.now(UTC))


def ingested(bench: Bench, geometry: Geometry, topics: Topics) -> tuple[Run, int]:
    with migrated_database(bench.stack, geometry) as url:
        run = Ingest(bench.stack, url, topics, 500, bench.scratch).run(ROWS)
        return run, count(url, "select count(*) from agent_samples")


def unfenced(bench: Bench, geometry: Geometry, topics: Topics) -> tuple[Run, int]:
    last = stored_row(100, geometry.time(ROWS - 1), ROWS)
    with migrated_database(bench.stack, geometry) as url:
        ingest = Ingest(bench.stack, url, topics, 500, bench.scratch, command=UNFENCED)
        run = ingest.run(ROWS, last)
        assert count(url, "select sum(next_offset) from ingest_offsets") == 0
        return run, count(url, "select count(*) from agent_samples")


def plain(bench: Bench, geometry: Geometry, topics: Topics) -> tuple[Run, int]:
    # The second one begins where the topic begins, as the first did.
    for _ in range(2):
        with empty_database(bench.stack) as url:
            run = PLAIN.fill(bench, geometry, topics.samples, url, ROWS)
            rows = count(url, "select count(*) from samples")
    return run, rows


def count(url: str, question: str) -> int:
    with psycopg.connect(url) as connection:
        ((rows,),) = connection.execute(question.encode()).fetchall()
    return int(rows)


@pytest.mark.parametrize("write", [ingested, unfenced, plain])
def test_all_rows_are_written_and_measured(
    bench: Bench,
    geometry: Geometry,
    write: Callable[[Bench, Geometry, Topics], tuple[Run, int]],
) -> None:
    with filled_topics(bench.stack, geometry.samples()) as topics:
        run, rows = write(bench, geometry, topics)
    assert rows == ROWS
    assert run.wall_s > 0
    assert 0 <= run.rows <= ROWS
    assert run.wal_bytes is not None


def test_fetching_decoding_and_shaping_go_through_all_rows(
    bench: Bench, geometry: Geometry
) -> None:
    with filled_topics(bench.stack, geometry.samples()) as topics:
        run = shaped(bench, geometry, topics)
    assert run.rows == ROWS
    assert run.writer_cpu_s is not None
    assert run.writer_cpu_s > 0


def test_the_server_s_processes_are_counted_together(stack: Stack) -> None:
    with (
        open_meter(stack.database_url, []) as meter,
        psycopg.connect(stack.database_url) as connection,
    ):
        meter.start()
        before = cpu_s(connection.info.backend_pid)
        connection.execute("select count(*) from generate_series(1, 3000000)")
        used = cpu_s(connection.info.backend_pid) - before
        run = meter.stop(1)
    assert run.writer_cpu_s == 0
    # None where the server is in a container, whose processes have other numbers.
    assert used > 0
    assert run.database_cpu_s is None or run.database_cpu_s > used - 0.005
