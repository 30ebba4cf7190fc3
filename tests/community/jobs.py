"""The server's jobs, run when a test says so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from tests.community.server import IS_FULL

# What 80_jobs.sql names: all jobs, retention and repair work under it.
LOCK: Final = 0x72656672657368
DEADLINE_S: Final = 120.0
# Everything that is noted, however long ago.
REFRESH_ALL: Final = (
    b"""call refresh_metrics(0, '{"refresh_start": "10 years", "late_time": "1 minute"}')"""
)
# What the server's scheduler notes of a run; WebAssembly has no scheduler.
NOTE_RUN: Final = """
insert into _timescaledb_internal.bgw_job_stat
select
    id, %(ended)s, %(ended)s, %(ended)s, %(ended)s, %(success)s,
    1, '1 s', '1 s', 1, 0, 0, 0, 0, 0
from _timescaledb_config.bgw_job where id >= 1000 and proc_name like %(name)s
"""
NEVER_RAN: Final = """
select count(*)
from timescaledb_information.jobs as job
left join timescaledb_information.job_stats as done on done.job_id = job.job_id
where job.job_id >= 1000 and coalesce(done.last_successful_finish, '-infinity') = '-infinity'
"""


def run_job(connection: psycopg.Connection[Any], name: str) -> int:
    """Runs every job of a procedure, as the scheduler would; how many there are."""
    jobs = connection.execute(
        "select job_id from timescaledb_information.jobs where proc_name = %s order by 1", [name]
    ).fetchall()
    for (job,) in jobs:
        connection.execute(f"call run_job({job})".encode())
    return len(jobs)


def pause_jobs(connection: psycopg.Connection[Any]) -> None:
    """Keeps a full server from running them beside the test; waits for one that runs."""
    connection.execute(
        "select alter_job(job_id, scheduled => false) from timescaledb_information.jobs "
        "where job_id >= 1000"
    )
    with alone(connection):
        pass


@contextmanager
def alone(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Keeps the jobs waiting, so that what the test does itself meets none of them."""
    connection.execute("select pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(%s)", [LOCK])


def after_a_run(connection: psycopg.Connection[Any], ended: Any) -> None:
    """Returns when the scheduler has run each job; stands in for it if there is no scheduler."""
    if not IS_FULL:
        connection.execute(NOTE_RUN, {"ended": ended, "success": True, "name": "%"})
        return
    deadline = time.monotonic() + DEADLINE_S
    while connection.execute(NEVER_RAN).fetchone() != (0,):
        assert time.monotonic() < deadline, "the scheduler has not run all jobs"
        time.sleep(0.2)
