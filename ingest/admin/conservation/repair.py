"""Recomputes buckets that do not sum to the platform's rows, while ingest runs."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from psycopg import AsyncConnection, errors

from ingest.admin.conservation.check import (
    DAY,
    HOUR,
    check_day,
    midnight,
    note_retention,
    read_kept_since,
)
from ingest.admin.conservation.plan import (
    DAYS,
    FINE,
    HOURS,
    PLATFORM,
    RAW,
    SOURCES,
    IrreparableError,
    KeptRelations,
    Totals,
    plan_day,
    plan_hour,
)
from ingest.admin.edition import read_edition
from ingest.admin.refreshes import without_refreshes
from schemas.runtime.progressbar import shown
from schemas.settings import DatabaseSettings
from sql.edition import Edition
from sql.named import query

# Each attempt waits up to upkeep's lock timeout, and writers queue behind it.
LOCK_ATTEMPTS: Final = 30
LOCK_PAUSE_S: Final = 0.5
REFRESH_PATIENCE_S: Final = 120.0

Connection = AsyncConnection[Any]
Plan = Callable[[Mapping[str, Totals], KeptRelations], list[str]]


@dataclass(frozen=True, slots=True)
class Repair:
    """A relation's hour (UTC day of agent_metrics_1d) that was recomputed, or the failure.

    `before` and `after` are numbers of samples; `after` is null in a dry run or after a failure.
    """

    relation: str
    bucket: datetime
    source: str | None
    before: int | None
    after: int | None = None
    failure: str | None = None


async def repair(
    connection: Connection, database: DatabaseSettings, *, dry_run: bool
) -> list[Repair]:
    """Compares every day that has raw samples, then repairs all buckets known to differ.

    The caller holds upkeep's lock. Raises psycopg's errors, EditionError and BusyRefreshError.
    """
    edition = await read_edition(connection)
    await note_retention(connection, database, edition)
    kept_since = await read_kept_since(connection)
    await _compare_with_samples(connection, edition, kept_since[RAW])
    hours, days = await _differing(connection)
    hours_before = await _read_hours_before(connection, edition)
    if dry_run:
        return await _DryRun(connection, kept_since, hours_before).all(hours, days)
    async with without_refreshes(connection, REFRESH_PATIENCE_S):
        done = await _Repairs(connection, kept_since, hours_before, edition).all(hours, days)
    for day in days:
        await check_day(connection, edition, day.date())
    return done


async def _compare_with_samples(
    connection: Connection, edition: Edition, since: datetime | None
) -> None:
    ((now,),) = await (await connection.execute(query("read_time"))).fetchall()
    newest = midnight(now)
    total = (newest - midnight(since or newest)).days + 1
    with shown("days compared") as progress:
        for number in range(total):
            progress(number, total)
            await check_day(connection, edition, (newest - number * DAY).date())


async def _differing(connection: Connection) -> tuple[list[datetime], list[datetime]]:
    """The hours that differ, and the days that differ or contain such an hour; oldest first."""
    cursor = await connection.execute(query("list_differences"))
    found = [(level, bucket.astimezone(UTC)) for level, bucket in await cursor.fetchall()]
    hours = {bucket for level, bucket in found if level != DAYS}
    return sorted(hours), sorted({midnight(bucket) for _, bucket in found})


async def _read_hours_before(connection: Connection, edition: Edition) -> datetime | None:
    """The time from which hours and days are computed by the reading query; None if none are."""
    if edition is Edition.COMMUNITY:
        return None
    cursor = await connection.execute(query("read_hours_before"))
    ((hours_before,),) = await cursor.fetchall()
    return cast(datetime, hours_before)


class _DryRun:
    """Plans the repair of every bucket without changing anything."""

    def __init__(
        self,
        connection: Connection,
        kept_since: Mapping[str, datetime | None],
        hours_before: datetime | None,
    ) -> None:
        self._connection = connection
        self._kept_since = kept_since
        self._hours_before = hours_before
        # By day: what repairing its hours would subtract from the sums used to plan the day.
        self._shifts: defaultdict[datetime, list[tuple[str, Totals]]] = defaultdict(list)

    async def all(self, hours: Iterable[datetime], days: Iterable[datetime]) -> list[Repair]:
        """Handles all buckets, hours first, as days are computed from them."""
        found: list[Repair] = []
        buckets: list[tuple[datetime, str, Plan]] = [
            *((hour, "sum_hour", plan_hour) for hour in hours),
            *((day, "sum_day", plan_day) for day in days),
        ]
        with shown("buckets repaired") as progress:
            for number, (start, sums, plan) in enumerate(buckets):
                progress(number, len(buckets))
                try:
                    found += await self._bucket(start, sums, plan)
                except IrreparableError as error:
                    found.append(Repair(error.relation, start, None, None, failure=str(error)))
        return found

    async def _bucket(self, start: datetime, sums: str, plan: Plan) -> list[Repair]:
        before, kept = await self._totals(sums, start), self._kept(start)
        if sums == "sum_day":
            before = {**before, **_shifted(before, self._shifts[start])}
        relations = plan(before, kept)
        if sums == "sum_hour":
            self._note_shifts(start, before, kept)
        return [Repair(name, start, SOURCES[name], before[name][0]) for name in relations]

    def _note_shifts(
        self, hour: datetime, before: Mapping[str, Totals], kept: KeptRelations
    ) -> None:
        right = before[RAW] if kept.raw else before[PLATFORM]
        shifts = {name: _minus(before[name], right) for name in (HOURS, PLATFORM)}
        if self._hours_before is not None and hour >= self._hours_before:
            shifts[DAYS] = shifts[HOURS]
        self._shifts[midnight(hour)] += shifts.items()

    async def _totals(self, sums: str, start: datetime) -> dict[str, Totals]:
        cursor = await self._connection.execute(query(sums), {"start": start})
        rows = await cursor.fetchall()
        return {relation: tuple(totals) for relation, *totals in rows}

    def _kept(self, start: datetime) -> KeptRelations:
        raw, fine, hours = (
            (since := self._kept_since[name]) is None or since <= start
            for name in (RAW, FINE, HOURS)
        )
        return KeptRelations(raw, fine, hours)


class _Repairs(_DryRun):
    """Executes the plans: tables in a transaction without writers, aggregates by refreshes."""

    def __init__(
        self,
        connection: Connection,
        kept_since: Mapping[str, datetime | None],
        hours_before: datetime | None,
        edition: Edition,
    ) -> None:
        super().__init__(connection, kept_since, hours_before)
        self._refreshed = {FINE, HOURS, DAYS} if edition is Edition.COMMUNITY else set()

    async def _bucket(self, start: datetime, sums: str, plan: Plan) -> list[Repair]:
        async def recompute() -> tuple[dict[str, Totals], list[str]]:
            before = await self._totals(sums, start)
            relations = plan(before, self._kept(start))
            for relation in relations:
                if relation not in self._refreshed:
                    await self._connection.execute(query(f"clear_{relation}"), {"start": start})
                    await self._connection.execute(query(f"fill_{relation}"), {"start": start})
            return before, relations

        before, relations = await self._without_writers(recompute)
        for relation in relations:
            if relation in self._refreshed:
                await self._refresh(relation, start)
        after = await self._totals(sums, start)
        return [
            Repair(name, start, SOURCES[name], before[name][0], after[name][0])
            for name in relations
        ]

    async def _without_writers(
        self, work: Callable[[], Awaitable[tuple[dict[str, Totals], list[str]]]]
    ) -> tuple[dict[str, Totals], list[str]]:
        """Runs `work` in a transaction that sees every sample, without concurrent writers.

        A writer locks the samples from its first row to its COMMIT, and adds to the platform's
        hours in the same transaction.
        """
        for _ in range(LOCK_ATTEMPTS - 1):
            try:
                return await self._locked(work)
            except errors.LockNotAvailable:
                await asyncio.sleep(LOCK_PAUSE_S)
        return await self._locked(work)

    async def _locked(
        self, work: Callable[[], Awaitable[tuple[dict[str, Totals], list[str]]]]
    ) -> tuple[dict[str, Totals], list[str]]:
        async with self._connection.transaction():
            await self._connection.execute(query("lock_samples"))
            await self._connection.execute(query("lock_aggregates"))
            return await work()

    async def _refresh(self, relation: str, start: datetime) -> None:
        """Refreshes only before the watermark; later buckets are computed by the reading query."""
        ((newest,),) = await (await self._connection.execute(query("read_refresh_end"))).fetchall()
        stop = start + (DAY if relation == DAYS else HOUR)
        if stop > newest:
            stop = newest if relation == FINE else start
        if start < stop:
            values = {"start": start, "stop": stop}
            await self._connection.execute(query(f"refresh_{relation}"), values)
            if relation == HOURS:
                await self._connection.execute(query("count_agents_by_hour"), values)


def _minus(one: Totals, other: Totals) -> Totals:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2], one[3] - other[3]


def _shifted(totals: Mapping[str, Totals], shifts: list[tuple[str, Totals]]) -> dict[str, Totals]:
    shifted = dict(totals)
    for name, by in shifts:
        shifted[name] = _minus(shifted[name], by)
    return shifted
