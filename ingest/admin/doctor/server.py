"""The database server: whether it answers, what it is, and whether it has this version's schema."""

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
VERSIONS: Final = "install a pair of versions that works: docs/operators/editions.md"
# Samples more than 5 minutes ahead of the broker's clock are refused.
CLOCK_TOLERANCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """What the server says of itself; `bytes` is the size of the database."""

    postgresql: str
    timescaledb: str | None
    licence: str | None
    now: datetime
    is_standby: bool
    bytes: int


async def read_server(connection: AsyncConnection[Any]) -> Server:
    """The server's own words; raises psycopg's errors."""
    async with connection.cursor(row_factory=class_row(Server)) as cursor:
        await cursor.execute(query("read_server"))
        (server,) = await cursor.fetchall()
    return server


def examine_server(server: Server, now: datetime) -> list[Finding]:
    """Versions, edition, role and clock."""
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
        untested = f"{says}; tested is PostgreSQL {TESTED_POSTGRESQL}"
        return warning("database", untested, None, edition=edition.value, **facts)
    if faults := known_faults(server.postgresql, server.timescaledb, edition):
        return warning("database", "; ".join(faults), VERSIONS, edition=edition.value, **facts)
    return ok("database", says, edition=edition.value, **facts)


def _examine_role(server: Server) -> list[Finding]:
    if not server.is_standby:
        return []
    says = "this is a standby, which cannot be written"
    return [problem("database", says, "name the primary in FLEETGAUGE_DATABASE_URL")]


def _examine_clock(server: Server, now: datetime) -> list[Finding]:
    ahead_s = (server.now - now).total_seconds()
    if abs(ahead_s) <= CLOCK_TOLERANCE_S:
        return []
    try:
        check_clocks(Clocks(now, server.now))
    except ClockError as error:
        return [problem("clock", str(error), "timedatectl set-ntp true, on whichever is wrong")]
    says = f"the database's clock differs from this machine's by {ahead_s:+.0f} s"
    return [warning("clock", says, "timedatectl set-ntp true, on whichever is wrong")]


async def examine_migrations(database: DatabaseSettings) -> Finding:
    """Whether all of this version's migrations ran; raises psycopg's errors and EditionError."""
    missing = await asyncio.to_thread(pending, database)
    if missing:
        says = f"pending: {', '.join(missing)}"
        return problem("migrations", says, "fleetgauge migrate", pending=missing)
    unknown = await asyncio.to_thread(newer, database)
    if unknown:
        says = f"a newer fleetgauge has migrated this database: {', '.join(unknown)}"
        return warning("migrations", says, "install that version", pending=[], newer=unknown)
    return ok("migrations", "all of this version's ran", pending=[])


def in_units(count: float) -> str:
    """Bytes for people: `12.3 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
