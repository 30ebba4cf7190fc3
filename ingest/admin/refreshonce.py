"""`fleetgauge maintain --refresh`: runs once the refresh that ingest runs every half minute."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from aiokafka.errors import KafkaError

from ingest.admin.frontier import Frontier
from ingest.admin.maintain import MaintainError, maintain_errors
from ingest.admin.refresh import (
    SESSION,
    Connection,
    is_alone,
    note_refresh,
    read_watermark,
    refresh,
)
from ingest.errors import HINT_KAFKA, sentence
from ingest.kafka.topic import TopicError
from schemas.settings import DatabaseSettings, KafkaSettings
from sql.connect import connected


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The watermark before and after a refresh, and the frontier.

    `after` is null in a dry run. `frontier` is null if a partition with records has none stored.
    `waits_for` is the partition furthest behind, if any is behind.
    """

    before: datetime
    after: datetime | None
    frontier: datetime | None
    waits_for: str | None


def refresh_once(
    database: DatabaseSettings, kafka: KafkaSettings, every: timedelta, *, dry_run: bool
) -> Refreshed:
    """Aggregates all samples up to the frontier; a dry run only computes the frontier.

    `every` is the interval of refreshes by ingest. Raises MaintainError.
    """
    with maintain_errors("refresh"):
        try:
            return asyncio.run(_refresh_once(database, kafka, every, dry_run=dry_run))
        except psycopg.errors.LockNotAvailable as error:
            raise MaintainError(
                f"cannot refresh: {sentence(error)}: a writer took longer than 1 second, or a "
                "writer of late samples, an erase or a repair longer than 10 seconds; try again"
            ) from error
        except TopicError as error:
            raise MaintainError(f"cannot refresh: {error}") from error
        except (KafkaError, OSError) as error:
            raise MaintainError(f"cannot refresh: {sentence(error)}; {HINT_KAFKA}") from error


async def _refresh_once(
    database: DatabaseSettings, kafka: KafkaSettings, every: timedelta, *, dry_run: bool
) -> Refreshed:
    async with connected(database, SESSION) as connection:
        if not (dry_run or await is_alone(connection)):
            raise MaintainError(
                "cannot refresh: another session is refreshing, usually an ingest, which refreshes "
                f"every {every.total_seconds():.0f} s; 'fleetgauge doctor' shows its progress"
            )
        before, _ = await read_watermark(connection)
        frontier = Frontier(kafka)
        found = await frontier.find(connection)
        after = None if dry_run else await _advance(connection, before, found, every)
    waits_for = str(frontier.backlogs[0]) if frontier.backlogs else None
    return Refreshed(before.astimezone(UTC), after and after.astimezone(UTC), found, waits_for)


async def _advance(
    connection: Connection, before: datetime, frontier: datetime | None, every: timedelta
) -> datetime:
    after = before if frontier is None else await refresh(connection, frontier)
    await note_refresh(connection, every, None)
    return after


def describe_refresh(refreshed: Refreshed) -> str:
    """The watermark, and the partition that blocks further progress, for the terminal."""
    lines = [_progress(refreshed)]
    if refreshed.waits_for is not None:
        lines.append(f"cannot go further: {refreshed.waits_for}")
    return "\n".join(lines)


def _progress(refreshed: Refreshed) -> str:
    before = _shown(refreshed.before)
    if refreshed.after is None:
        upto = "nothing" if refreshed.frontier is None else f"up to {_shown(refreshed.frontier)}"
        return f"samples are aggregated up to {before}; a refresh would aggregate {upto}"
    if refreshed.after == refreshed.before:
        return f"samples are aggregated up to {before}, as before"
    return f"samples are aggregated up to {_shown(refreshed.after)}; before, up to {before}"


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
