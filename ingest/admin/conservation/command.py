"""`fleetgauge maintain --repair`: runs the repair and formats its result."""

import asyncio
from collections.abc import Sequence

from ingest.admin.conservation.repair import Repair
from ingest.admin.conservation.repair import repair as run
from ingest.admin.maintain import MaintainError, maintain_errors
from ingest.admin.refreshes import BusyRefreshError
from ingest.admin.upkeep import await_upkeep_lock, open_connection
from schemas.settings import DatabaseSettings
from sql.edition import EditionError


def repair(database: DatabaseSettings, *, dry_run: bool) -> list[Repair]:
    """Repairs what can be repaired, and returns the repairs; a dry run only plans them.

    Raises MaintainError.
    """
    with maintain_errors("repair"):
        try:
            return asyncio.run(_repair(database, dry_run=dry_run))
        except BusyRefreshError as error:
            raise MaintainError(f"cannot repair: {error}; try again when it has ended") from error
        except EditionError as error:
            raise MaintainError(f"cannot repair: {error}") from error


async def _repair(database: DatabaseSettings, *, dry_run: bool) -> list[Repair]:
    async with open_connection(database) as connection:
        await await_upkeep_lock(connection)
        return await run(connection, database, dry_run=dry_run)


def describe_repairs(repairs: Sequence[Repair]) -> str:
    """One line per bucket, for the terminal."""
    if not repairs:
        return "every rollup sums to the platform's rows"
    return "\n".join(_describe(one) for one in repairs)


def _describe(one: Repair) -> str:
    where = f"{one.relation:<20} {one.bucket:%Y-%m-%dT%H:%MZ}"
    if one.failure is not None:
        return f"{where}   failed: {one.failure}"
    after = "" if one.after is None else f" -> {one.after:>9}"
    return f"{where} {one.before:>9}{after} samples, from {one.source}"
