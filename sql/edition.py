"""The TimescaleDB edition of a server, read from it and never configured."""

from enum import StrEnum
from typing import Any

from psycopg import Connection, errors

from sql.named import query


class Edition(StrEnum):
    """The licence of the server's TimescaleDB; decides how aggregates are kept."""

    APACHE = "apache"
    COMMUNITY = "community"

    @property
    def licence(self) -> str:
        """The value of the server's setting `timescaledb.license`."""
        return "apache" if self is Edition.APACHE else "timescale"


class EditionError(Exception):
    """The server has no TimescaleDB that Fleetgauge can use; the message includes the fix."""


def read_edition(connection: Connection[Any]) -> Edition:
    """The edition of this database's server; creates the extension if it is missing.

    The setting `timescaledb.license` does not exist without the extension.
    """
    try:
        connection.execute(query("create_extension"))
    except errors.FeatureNotSupported as error:
        raise EditionError(
            "the database server has no TimescaleDB: install the package timescaledb, add it to "
            "shared_preload_libraries and restart"
        ) from error
    except errors.InsufficientPrivilege as error:
        raise EditionError(
            "this role may not create the extension timescaledb: run "
            "'create extension timescaledb' in the database as a superuser once"
        ) from error
    row = connection.execute(query("read_license")).fetchone()
    return edition_of(row[0] if row else None)


def edition_of(licence: str | None) -> Edition:
    """The edition for the value that `read_license` returned; EditionError for an unknown one."""
    for edition in Edition:
        if edition.licence == licence:
            return edition
    raise EditionError(f"timescaledb.license is {licence!r}, expected 'apache' or 'timescale'")
