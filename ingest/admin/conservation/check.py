"""The conservation check: compares the newest hours, days that differed, and one past day a run."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from ingest.admin.conservation.judge import (
    BucketSums,
    Difference,
    LateHour,
    Refreshes,
    judge_exact,
    judge_refreshed,
)
from ingest.admin.edition import read_edition
from schemas.settings import DatabaseSettings
from sql.edition import Edition
from sql.named import query

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# Includes the current hour: levels and the platform's rows are read from one snapshot.
NEWEST_HOURS: Final = 3
# The pause between past days is this many times the duration of the last one.
PAUSE_FACTOR: Final = 20
FINER: Final = ("agent_metrics_5m", "agent_metrics_1h")

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """The progress of the check of past days; times are of the database's clock."""

    now: datetime
    day: date | None
    looked_at: datetime | None
    took_s: float
    oldest: datetime | None
    differing_days: list[date]

    def next_day(self) -> date | None:
        """The next past day, going back from yesterday; None during the pause."""
        pause = timedelta(seconds=PAUSE_FACTOR * self.took_s)
        if self.looked_at is not None and self.now < self.looked_at + pause:
            return None
        yesterday = _day(self.now) - DAY
        if self.day is None or self.oldest is None or self.day <= _day(self.oldest):
            return yesterday
        return min(self.day - DAY, yesterday)


async def check(connection: Connection, database: DatabaseSettings) -> None:
    """Runs one check; the caller holds upkeep's lock. Raises psycopg's errors and EditionError."""
    edition = await read_edition(connection)
    await note_retention(connection, database, edition)
    progress = await _read_progress(connection)
    newest = progress.now.replace(minute=0, second=0, microsecond=0) + HOUR
    await _compare(connection, edition, newest - NEWEST_HOURS * HOUR, newest)
    for day in progress.differing_days:
        await check_day(connection, edition, day)
    if (past := progress.next_day()) is not None:
        await _check_past(connection, edition, past, progress.oldest)


async def _check_past(
    connection: Connection, edition: Edition, day: date, oldest: datetime | None
) -> None:
    began = time.monotonic()
    await check_day(connection, edition, day)
    is_oldest = oldest is None or day <= _day(oldest)
    values = {"day": day, "took_s": time.monotonic() - began, "is_oldest": is_oldest}
    await connection.execute(query("note_conservation_progress"), values)


async def check_day(connection: Connection, edition: Edition, day: date) -> None:
    """Compares one UTC day of every level."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    await _compare(connection, edition, start, start + DAY)


async def note_retention(
    connection: Connection, database: DatabaseSettings, edition: Edition
) -> None:
    """Stores how far retention may have dropped each level, from settings and server policies."""
    days: dict[str, int | None] = {
        "agent_samples": database.raw_retention_days,
        "agent_metrics_5m": database.metrics_5m_retention_days,
        "agent_metrics_1h": database.metrics_1h_retention_days,
        "agent_metrics_1d": None,
    }
    if edition is Edition.COMMUNITY:
        cursor = await connection.execute(query("read_windows"))
        for name, kept in await cursor.fetchall():
            if (ours := days.get(name)) is not None:
                days[name] = min(ours, int(kept))
    values = {"levels": list(days), "keep_days": list(days.values())}
    await connection.execute(query("begin_conservation"), values)
    await connection.execute(query("note_retention"), values)


async def read_kept_since(connection: Connection) -> dict[str, datetime | None]:
    """The time from which each relation is complete; None if it is kept permanently."""
    cursor = await connection.execute(query("read_kept_since"))
    return dict(await cursor.fetchall())


async def _read_progress(connection: Connection) -> CheckProgress:
    async with connection.cursor(row_factory=class_row(CheckProgress)) as cursor:
        await cursor.execute(query("read_conservation_progress"))
        (progress,) = await cursor.fetchall()
    return progress


async def _compare(
    connection: Connection, edition: Edition, start: datetime, stop: datetime
) -> None:
    """Compares the hours of [start, stop), and the days that contain them."""
    await _compare_levels(connection, edition, "compare_hours", FINER, start, stop)
    days = midnight(start), midnight(stop - HOUR) + DAY
    await _compare_levels(connection, edition, "compare_days", ["agent_metrics_1d"], *days)


async def _compare_levels(
    connection: Connection,
    edition: Edition,
    comparison: str,
    levels: Iterable[str],
    start: datetime,
    stop: datetime,
) -> None:
    window = {"start": start, "stop": stop, "levels": list(levels)}
    before = await _read_refreshes(connection, edition)
    async with connection.cursor(row_factory=class_row(BucketSums)) as cursor:
        await cursor.execute(query(comparison), window)
        differing = await cursor.fetchall()
    async with connection.cursor(row_factory=class_row(Difference)) as cursor:
        await cursor.execute(query("read_differences"), window)
        known = {(found.level, found.bucket): found for found in await cursor.fetchall()}
    if not differing and not known:
        return
    after = await _read_refreshes(connection, edition)
    ((now,),) = await (await connection.execute(query("read_time"))).fetchall()
    async with connection.transaction():
        for sums in differing:
            earlier = known.pop((sums.level, sums.bucket), None)
            judged = (
                judge_exact(sums, earlier, now)
                if before is None or after is None
                else judge_refreshed(sums, earlier, before, after, now)
            )
            await connection.execute(query("note_difference"), asdict(judged))
        for gone in known.values():
            await connection.execute(query("forget_difference"), asdict(gone))


async def _read_refreshes(connection: Connection, edition: Edition) -> Refreshes | None:
    if edition is Edition.APACHE:
        return None
    cursor = await connection.execute(query("read_late_hours"))
    rows = await cursor.fetchall()
    late = {hour: LateHour(oldest, newest) for _, hour, oldest, newest in rows if hour is not None}
    return Refreshes(rows[0][0], late)


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def midnight(moment: datetime) -> datetime:
    """The start of the UTC day of `moment`."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
