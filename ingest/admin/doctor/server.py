"""Checks of the database server: versions, edition, role, clock and migrations."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from ingest.admin.clocks import ClockError, Clocks, check_clocks
from ingest.admin.doctor.finding import Finding, ok, problem, warning
from schemas.settings import DatabaseSettings
from sql.edition import EditionError, edition_of
from sql.migrate import newer, pending
from sql.named import query
from sql.versions import known_faults

TESTED_POSTGRESQL: Final = "17"
VERSIONS: Final = "install a supported pair of versions: docs/operators/editions.md"
HINT_CLOCK: Final = "timedatectl set-ntp true, on the machine whose clock is wrong"
# Samples more than 5 minutes ahead of the broker's clock are rejected.
CLOCK_TOLERANCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Properties that the server reports; `bytes` is the size of the database."""

    postgresql: str
    timescaledb: str | None
    licence: str | None
    now: datetime
    is_standby: bool
    bytes: int


async def read_server(connection: AsyncConnection[Any]) -> Server:
    """Queries the server's properties; raises psycopg's errors."""
    async with connection.cursor(row_factory=class_row(Server)) as cursor:
        await cursor.execute(query("read_server"))
        (server,) = await cursor.fetchall()
    return server


def examine_server(server: Server, now: datetime) -> list[Finding]:
    """Findings on versions, edition, role and clock."""
    return [_examine_versions(server), *_examine_role(server), *_examine_clock(server, now)]


def _examine_versions(server: Server) -> Finding:
    facts = {
        "postgresql": server.postgresql,
        "timescaledb": server.timescaledb,
        "licence": server.licence,
        "bytes": server.bytes,
    }
    if server.timescaledb is None:
        says = f"PostgreSQL {server.postgresql} without TimescaleDB in this database"
        return problem("database", says, "fleetgauge migrate", **facts)
    try:
        edition = edition_of(server.licence)
    except EditionError as error:
        return problem("database", str(error), "set timescaledb.license", **facts)
    says = (
        f"PostgreSQL {server.postgresql.split()[0]}, TimescaleDB {server.timescaledb}, "
        f"{edition} edition, {in_units(server.bytes)}"
    )
    if server.postgresql.partition(".")[0] != TESTED_POSTGRESQL:
        untested = f"{says}; only PostgreSQL {TESTED_POSTGRESQL} is tested"
        return warning("database", untested, None, edition=edition.value, **facts)
    if faults := known_faults(server.postgresql, server.timescaledb, edition):
        return warning("database", "; ".join(faults), VERSIONS, edition=edition.value, **facts)
    return ok("database", says, edition=edition.value, **facts)


def _examine_role(server: Server) -> list[Finding]:
    if not server.is_standby:
        return []
    says = "this server is a standby, which is read-only"
    return [problem("database", says, "set FLEETGAUGE_DATABASE_URL to the primary")]


def _examine_clock(server: Server, now: datetime) -> list[Finding]:
    ahead_s = (server.now - now).total_seconds()
    if abs(ahead_s) <= CLOCK_TOLERANCE_S:
        return []
    try:
        check_clocks(Clocks(now, server.now))
    except ClockError as error:
        return [problem("clock", str(error), HINT_CLOCK)]
    says = f"the database's clock differs from this machine's by {ahead_s:+.0f} s"
    return [warning("clock", says, HINT_CLOCK)]


async def examine_migrations(database: DatabaseSettings) -> Finding:
    """Whether all migrations of this version have run; raises psycopg's errors and EditionError."""
    missing = await asyncio.to_thread(pending, database)
    if missing:
        says = f"pending: {', '.join(missing)}"
        return problem("migrations", says, "fleetgauge migrate", pending=missing)
    unknown = await asyncio.to_thread(newer, database)
    if unknown:
        says = f"a newer fleetgauge has migrated this database: {', '.join(unknown)}"
        return warning("migrations", says, "install that version", pending=[], newer=unknown)
    return ok("migrations", "all migrations of this version have run", pending=[])


def in_units(count: float) -> str:
    """A number of bytes with a unit: `12.3 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
