"""The server's jobs, run when a test says so."""

from typing import Any

import psycopg


def run_job(connection: psycopg.Connection[Any], name: str) -> int:
    """Runs every job of a procedure, as the scheduler would; how many there are."""
    jobs = connection.execute(
        "select job_id from timescaledb_information.jobs where proc_name = %s order by 1", [name]
    ).fetchall()
    for (job,) in jobs:
        connection.execute(f"call run_job({job})".encode())
    return len(jobs)


def pause_jobs(connection: psycopg.Connection[Any]) -> None:
    """Keeps a full server from running them beside the test."""
    connection.execute(
        "select alter_job(job_id, scheduled => false) from timescaledb_information.jobs "
        "where job_id >= 1000"
    )
