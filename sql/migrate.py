"""Migrates a database to this version's schema: pending migrations, then all repeatable files."""

import time
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from psycopg import Connection

from schemas.runtime.exits import DONE, FAILED
from schemas.runtime.progressbar import Done, shown
from schemas.settings import DatabaseSettings
from sql.connect import connected_sync
from sql.edition import Edition, EditionError, read_edition
from sql.named import query
from sql.session import RELIED_ON, Session, UnusableDatabase
from sql.versions import known_faults

log = structlog.get_logger("migrate")

HERE: Final = Path(__file__).parent
# Key of the advisory lock under which only one migration runs at a time; an arbitrary number.
LOCK_KEY: Final = 0x666C6565_74

# No timeout may end the session that holds the lock during a slow migration.
SESSION: Final = Session(
    "fleetgauge-migrate", {"idle_in_transaction_session_timeout": "0"}, connect_timeout_s=10
)
ENCODING: Final = "UTF8"

PATIENCE_S: Final = 30.0
RETRY_S: Final = 1.0


class MigrationError(Exception):
    """A migration failed; the message includes the server's error."""


def migrate(database: DatabaseSettings, done: Done = lambda *_: None) -> Edition:
    """Applies pending migrations and re-runs the repeatable files; safe to run concurrently.

    Calls `done` after each migration. Raises EditionError, MigrationError, or
    psycopg.OperationalError if the server is unavailable.
    """
    with connected_sync(database, SESSION) as connection:
        connection.add_notice_handler(_log_warning)
        _refuse_encoding(connection)
        _refuse_hidden_schema(connection)
        connection.execute(query("await_session_lock"), {"key": LOCK_KEY})
        edition = read_edition(connection)
        applied = _applied(connection)
        _refuse_other_edition(edition, applied)
        _refuse_newer(applied)
        _run_migrations(connection, _missing(edition, applied), done)
        connection.execute(query("set_windows"), database.model_dump())
        _run_repeatable(connection, edition)
        _warn_of_versions(connection, edition)
    return edition


def _warn_of_versions(connection: Connection[Any], edition: Edition) -> None:
    ((postgresql, timescaledb),) = connection.execute(query("read_versions")).fetchall()
    for fault in known_faults(postgresql, timescaledb, edition):
        log.warning(fault, hint="docs/operators/editions.md, Versions")


def _log_warning(notice: psycopg.errors.Diagnostic) -> None:
    if notice.severity_nonlocalized == "WARNING":
        log.warning(notice.message_primary or "", hint=notice.message_hint)


def pending(database: DatabaseSettings) -> list[str]:
    """Names of this version's migrations that have not run in the database, in order."""
    with connected_sync(database, SESSION) as connection:
        applied = _applied(connection)
        return [file.stem for file in _missing(read_edition(connection), applied)]


def newer(database: DatabaseSettings) -> list[str]:
    """Versions of migrations that ran in the database and are unknown to this one, in order."""
    with connected_sync(database, SESSION) as connection:
        return _newer(_applied(connection))


def _refuse_encoding(connection: Connection[Any]) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != ENCODING:
        raise MigrationError(
            f"this database's encoding is {encoding}, which cannot store every text of agents: "
            f"create one with encoding {ENCODING} (create database … encoding '{ENCODING}' "
            "template template0) and name it in FLEETGAUGE_DATABASE_URL"
        )


def _refuse_hidden_schema(connection: Connection[Any]) -> None:
    """Tables created under a role's own search_path must not be created again elsewhere."""
    usual = {"search_path": RELIED_ON["search_path"]}
    for (schema,) in connection.execute(query("find_schema"), usual).fetchall():
        raise MigrationError(
            f"this database has Fleetgauge's tables in the schema {schema}, which is only in the "
            "search_path of a role or of the database: add "
            f"?options=-csearch_path%3D{schema},public to FLEETGAUGE_DATABASE_URL"
        )


def _missing(edition: Edition, applied: set[str]) -> list[Path]:
    """The files of the pending migrations, in order."""
    files = _files(edition, "migrations")
    return [file for file in files if _version(file) not in applied]


def _applied(connection: Connection[Any]) -> set[str]:
    """The versions of the migrations that ran in this database."""
    row = connection.execute(query("has_migrations")).fetchone()
    if not (row and row[0]):
        return set()
    return {version for (version,) in connection.execute(query("read_migrations")).fetchall()}


def _refuse_other_edition(edition: Edition, applied: set[str]) -> None:
    for other in set(Edition) - {edition}:
        if any(_version(file) in applied for file in _folder(other, "migrations").glob("*.sql")):
            raise EditionError(
                f"this database was created on TimescaleDB's {other} edition, but the server runs "
                f"the {edition} edition, which would not maintain its rollups: set "
                f"timescaledb.license = '{other.licence}' in postgresql.conf and restart (if "
                "needed, install a package or image that has it), or migrate an empty database"
            )


def _refuse_newer(applied: set[str]) -> None:
    """The repeatable files would replace the newer version's views."""
    if unknown := _newer(applied):
        raise MigrationError(
            f"a newer fleetgauge has migrated this database (it has {', '.join(unknown)}, which "
            "this version does not know): install that version, or restore a backup"
        )


def _newer(applied: set[str]) -> list[str]:
    files = (file for edition in Edition for file in _files(edition, "migrations"))
    return sorted(applied - set(map(_version, files)))


def _version(migration: Path) -> str:
    return migration.stem.partition("_")[0]


def _files(edition: Edition, kind: str) -> list[Path]:
    """The edition's and the common files in name order; for equal names the common one first."""
    folders = (HERE / "common" / kind, _folder(edition, kind))
    files = (file for folder in folders for file in folder.glob("*.sql"))
    return sorted(files, key=lambda file: file.name)


def _folder(edition: Edition, kind: str) -> Path:
    return HERE / edition.value / kind


def _run_migrations(connection: Connection[Any], files: list[Path], done: Done) -> None:
    connection.execute(query("create_migrations"))
    done(0, len(files))
    for count, file in enumerate(files, 1):
        try:
            _run_migration(connection, file)
        except psycopg.Error as error:
            raise MigrationError(f"{file.name}: {error}") from error
        done(count, len(files))


def _run_migration(connection: Connection[Any], file: Path) -> None:
    with connection.transaction():
        connection.execute(file.read_bytes())
        connection.execute(query("note_migration"), {"version": _version(file)})


def _run_repeatable(connection: Connection[Any], edition: Edition) -> None:
    for file in _files(edition, "repeatable"):
        try:
            with connection.transaction():
                connection.execute(file.read_bytes())
        except psycopg.Error as error:
            raise MigrationError(f"{file.name}: {error}") from error


def run(database: DatabaseSettings, patience_s: float = PATIENCE_S) -> int:
    """`migrate` for the command line: logs the outcome and returns an exit code.

    Retries for `patience_s` seconds if the server is unavailable.
    """
    try:
        edition = _once_it_answers(database, time.monotonic() + patience_s)
    except UnusableDatabase as error:
        log.error("the database cannot be used", error=str(error))
        return FAILED
    except psycopg.OperationalError as error:
        log.error(
            "the database does not answer",
            error=str(error).strip(),
            hint="start the server, or correct FLEETGAUGE_DATABASE_URL",
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
        except UnusableDatabase:
            raise
        except psycopg.OperationalError as error:
            if time.monotonic() >= deadline:
                raise
            log.warning("the database does not answer, will try again", error=str(error).strip())
            time.sleep(RETRY_S)
