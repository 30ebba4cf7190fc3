"""Brings a database to this version's schema: dbmate for what runs once, then what re-runs."""

import os
import subprocess
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import psycopg
import structlog
from psycopg import Connection

from schemas.exits import DONE, FAILED
from schemas.progress import Done, shown
from schemas.settings import DatabaseSettings
from sql.edition import Edition, EditionError, read_edition
from sql.queries import query
from sql.versions import known_faults

log = structlog.get_logger("migrate")

HERE: Final = Path(__file__).parent
# Any constant: the key of the advisory lock that lets one migration run at a time.
LOCK_KEY: Final = 0x666C6565_74

# Of libpq's parameters those that dbmate's driver knows too.
DRIVER_KNOWS: Final = ("sslmode", "sslrootcert", "sslcert", "sslkey", "options")

PATIENCE_S: Final = 30.0
RETRY_S: Final = 1.0


class MigrationError(Exception):
    """A migration failed; the message carries dbmate's or the server's own words."""


def migrate(database: DatabaseSettings, done: Done = lambda *_: None) -> Edition:
    """Applies what is missing and re-runs the repeatable files; safe to call from many at once.

    `done` is told of each migration that ran. Raises EditionError, MigrationError, or
    psycopg.OperationalError where no server answers.
    """
    url = database.database_url.get_secret_value()
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.add_notice_handler(_tell_warning)
        connection.execute(query("lock_migrations"), {"key": LOCK_KEY})
        edition = read_edition(connection)
        applied = _applied(connection)
        _refuse_other_edition(edition, applied)
        _refuse_newer(applied)
        missing = len(_versions(*_folders(edition)) - applied)
        _run_dbmate(dbmate_url(connection), edition, lambda count: done(count, missing))
        connection.execute(query("set_windows"), database.model_dump())
        _run_repeatable(connection, edition)
        _warn_of_versions(connection, edition)
    return edition


def _warn_of_versions(connection: Connection[Any], edition: Edition) -> None:
    ((postgresql, timescaledb),) = connection.execute(query("read_versions")).fetchall()
    for fault in known_faults(postgresql, timescaledb, edition):
        log.warning(fault, hint="docs/operators/editions.md, Versions")


def _tell_warning(notice: psycopg.errors.Diagnostic) -> None:
    if notice.severity_nonlocalized == "WARNING":
        log.warning(notice.message_primary or "", hint=notice.message_hint)


def pending(database_url: str) -> list[str]:
    """Names of migrations that this version has and the database has not, in order."""
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        applied = _applied(connection)
        edition = read_edition(connection)
    names = sorted(p.stem for folder in _folders(edition) for p in folder.glob("*.sql"))
    return [name for name in names if name.partition("_")[0] not in applied]


def newer(database_url: str) -> list[str]:
    """Versions of migrations that the database has and this version does not know, in order."""
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        return _newer(_applied(connection))


def _applied(connection: Connection[Any]) -> set[str]:
    """The versions of the migrations that ran here."""
    row = connection.execute(query("has_migrations")).fetchone()
    if not (row and row[0]):
        return set()
    return {version for (version,) in connection.execute(query("read_migrations")).fetchall()}


def _refuse_other_edition(edition: Edition, applied: set[str]) -> None:
    for other in set(Edition) - {edition}:
        if any(p.stem.partition("_")[0] in applied for p in _folder(other).glob("*.sql")):
            raise EditionError(
                f"this database was made on TimescaleDB's {other} edition, and the server runs the "
                f"{edition} edition, where its rollups would not be kept: set timescaledb.license "
                f"= '{other.licence}' in postgresql.conf and restart (a package or image that has "
                f"this edition, where the server's has not), or migrate an empty database"
            )


def _refuse_newer(applied: set[str]) -> None:
    """What runs again at each migration would put this version's views in place of newer ones."""
    if unknown := _newer(applied):
        raise MigrationError(
            f"a newer fleetgauge has migrated this database (it has {', '.join(unknown)}, which "
            "this version does not know): install that version, or restore a backup"
        )


def _newer(applied: set[str]) -> list[str]:
    known = _versions(*(folder for edition in Edition for folder in _folders(edition)))
    return sorted(applied - known)


def _versions(*folders: Path) -> set[str]:
    return {file.stem.partition("_")[0] for folder in folders for file in folder.glob("*.sql")}


def _folder(edition: Edition) -> Path:
    return HERE / edition.value / "migrations"


def _folders(edition: Edition) -> list[Path]:
    return [HERE / "common" / "migrations", _folder(edition)]


def _run_dbmate(url: str, edition: Edition, done: Callable[[int], None]) -> None:
    command = ["dbmate", "--no-dump-schema"]
    for folder in _folders(edition):
        command += ["--migrations-dir", str(folder)]
    # The URL holds the password: by environment, for a command line is everybody's to read.
    environment = {**os.environ, "DATABASE_URL": url, "PATH": _path_with_scripts()}
    applied, told = 0, []
    with subprocess.Popen(  # noqa: S603 - no part of the command comes from input
        [*command, "migrate"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        for line in running.stdout or ():
            told.append(line.strip())
            applied += line.startswith("Applied:")
            done(applied)
    if running.returncode != 0:
        raise MigrationError(_failure(told))


def _failure(told: list[str]) -> str:
    """Of dbmate's lines the last migration that it began, and what it says from there on."""
    begun = max((at for at, line in enumerate(told) if line.startswith("Applying:")), default=0)
    return " ".join(line for line in told[begun:] if line)


def _path_with_scripts() -> str:
    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])


def dbmate_url(connection: Connection[Any]) -> str:
    """The server of this connection as dbmate is to reach it, as safely.

    Made from what libpq took from the URL, the environment and its own files: dbmate's driver would
    take most of libpq's parameters for the server's, knows no list of hosts and no
    `sslmode=prefer`.
    """
    info = connection.info
    taken = {o.keyword.decode(): o.val.decode() for o in connection.pgconn.info if o.val}
    options = {name: value for name, value in taken.items() if name in DRIVER_KNOWS}
    if options.get("sslmode", "prefer") in {"prefer", "allow"}:
        options["sslmode"] = "require" if connection.pgconn.ssl_in_use else "disable"
    host = f"[{info.host}]" if ":" in info.host else info.host
    if host.startswith("/"):
        host, options = "", {**options, "host": host, "port": str(info.port)}
    login = f"{quote(info.user, '')}:{quote(info.password, '')}"
    address = f"{login}@{host}:{info.port}" if host else f"{login}@"
    return f"postgres://{address}/{quote(info.dbname, '')}?{urlencode(options, quote_via=quote)}"


def _run_repeatable(connection: Connection[Any], edition: Edition) -> None:
    for folder in (HERE / "common" / "repeatable", HERE / edition.value / "repeatable"):
        for file in sorted(folder.glob("*.sql")):
            try:
                with connection.transaction():
                    connection.execute(file.read_bytes())
            except psycopg.Error as error:
                raise MigrationError(f"{file.name}: {error}") from error


def run(database: DatabaseSettings, patience_s: float = PATIENCE_S) -> int:
    """`migrate` for a terminal: says what happened; an exit code.

    A server that does not answer is asked again until `patience_s` have passed.
    """
    try:
        edition = _once_it_answers(database, time.monotonic() + patience_s)
    except psycopg.OperationalError as error:
        log.error(
            "the database does not answer",
            error=str(error).strip(),
            mend="start the server, or correct FLEETGAUGE_DATABASE_URL",
        )
        return FAILED
    except (EditionError, MigrationError) as error:
        log.error(str(error))
        return FAILED
    log.info("database migrated", edition=edition.value)
    return DONE


def _once_it_answers(database: DatabaseSettings, deadline: float) -> Edition:
    while True:
        try:
            with shown("migrations") as done:
                return migrate(database, done)
        except psycopg.OperationalError as error:
            if time.monotonic() >= deadline:
                raise
            log.warning("the database does not answer, will try again", error=str(error).strip())
            time.sleep(RETRY_S)
