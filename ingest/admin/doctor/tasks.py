"""Checks of periodic work: the upkeep tasks, and the server's jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from ingest.admin.doctor.finding import Finding, ok, problem, warning
from ingest.admin.doctor.watermark import HINT_REFRESH
from ingest.admin.refresh import TASK as REFRESH
from sql.edition import Edition
from sql.named import query

# The job refreshes every 30 seconds up to the last 5-minute bucket before the watermark, which
# examine_watermark() checks. It refreshes each six hours of the window about once an hour.
MAX_REFRESH_AGE: Final = timedelta(minutes=15)
MAX_TURN_AGE: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class UpkeepTaskState:
    """A row of `upkeep_tasks`, with the newest error that the server has of its job."""

    task: str
    job_id: int | None
    every: timedelta | None
    ran_at: datetime | None
    succeeded_at: datetime | None
    failure: str | None
    is_overdue: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class RollupRefresh:
    """How far a rollup of the community edition is materialized."""

    view_name: str
    watermark: datetime | None
    newest: datetime | None
    oldest_turn: datetime | None


async def read_tasks(connection: AsyncConnection[Any], now: datetime) -> list[UpkeepTaskState]:
    """Reads all tasks, sorted by name; raises psycopg's errors."""
    async with connection.cursor(row_factory=class_row(UpkeepTaskState)) as cursor:
        await cursor.execute(query("read_tasks"), {"now": now})
        return await cursor.fetchall()


def examine_tasks(tasks: Sequence[UpkeepTaskState]) -> list[Finding]:
    """One finding for all healthy tasks, and one for each failing or overdue task."""
    failing = [finding for task in tasks for finding in _examine_task(task)]
    healthy = len(tasks) - len(failing)
    facts = {
        task.task: {"succeeded_at": task.succeeded_at, "every_s": _seconds(task.every)}
        for task in tasks
    }
    says = f"{healthy} tasks and jobs run without errors"
    return [*([ok("upkeep", says, tasks=facts)] if healthy else []), *failing]


def _examine_task(task: UpkeepTaskState) -> list[Finding]:
    if not task.is_overdue and task.failure is None:
        return []
    why = task.error if task.job_id is not None and task.failure else task.failure
    because = f": {why}" if why else ""
    facts = {"task": task.task, "succeeded_at": task.succeeded_at}
    if task.is_overdue:
        says = f"{task.task} {_last_time(task)}{because}"
        return [problem("upkeep", says, _hint(task), **facts)]
    return [warning("upkeep", f"{task.task} failed in its last run{because}", _hint(task), **facts)]


def _last_time(task: UpkeepTaskState) -> str:
    if task.job_id is not None and task.every is None:
        return "is switched off"
    if task.succeeded_at is None:
        return "has never succeeded"
    return f"last succeeded at {task.succeeded_at:%Y-%m-%dT%H:%M:%SZ}"


def _hint(task: UpkeepTaskState) -> str:
    if task.task == REFRESH:
        return HINT_REFRESH
    if task.job_id is None:
        return "fleetgauge maintain, and check that a fleetgauge ingest runs"
    if task.every is None:
        return f"select alter_job({task.job_id}, scheduled => true)"
    if task.ran_at is None:
        return "raise timescaledb.max_background_workers in postgresql.conf, and restart the server"
    return f"see the errors of job {task.job_id} in timescaledb_information.job_errors"


async def examine_refreshes(
    connection: AsyncConnection[Any], edition: Edition, now: datetime
) -> list[Finding]:
    """How far the community edition's rollups are behind; raises psycopg's errors."""
    if edition is Edition.APACHE:
        return []
    async with connection.cursor(row_factory=class_row(RollupRefresh)) as cursor:
        await cursor.execute(query("read_refreshes"))
        return judge_refreshes(await cursor.fetchall(), now)


def judge_refreshes(refreshes: Sequence[RollupRefresh], now: datetime) -> list[Finding]:
    """Judges by the finest level, which is refreshed first."""
    finest = next(refresh for refresh in refreshes if refresh.view_name == "agent_metrics_5m")
    facts = {refresh.view_name: refresh.watermark for refresh in refreshes}
    hint = "select * from timescaledb_information.job_history where proc_name = 'refresh_metrics'"
    if finest.newest is None:
        return [ok("refresh", "there are no samples yet", watermarks=facts)]
    if finest.watermark is None:
        return [warning("refresh", "rollups have never been refreshed", hint, watermarks=facts)]
    behind = max(min(finest.newest, now) - finest.watermark, timedelta())
    waited = now - finest.oldest_turn if finest.oldest_turn else timedelta()
    says = f"rollups are {_short(behind)} behind the newest sample before the watermark"
    if behind > MAX_REFRESH_AGE:
        return [warning("refresh", says, hint, watermarks=facts)]
    if waited > MAX_TURN_AGE:
        says = f"some older buckets have not been refreshed for {_short(waited)}"
        return [warning("refresh", says, hint, watermarks=facts)]
    return [ok("refresh", says, watermarks=facts)]


def _short(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
