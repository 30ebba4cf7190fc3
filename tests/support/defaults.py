"""Session defaults of a database that would change rows and answers, or cut work off."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier, Literal

# Each setting with a default that somebody may have given it. With `search_path` the tables are
# not found, with `bytea_output` and the three before it values are written in another form.
HOSTILE: Final[Mapping[str, str]] = {
    "client_encoding": "LATIN1",
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Pacific/Auckland",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "search_path": "pg_catalog",
    "default_transaction_isolation": "serializable",
    "row_security": "on",
    "plan_cache_mode": "force_custom_plan",
    "jit": "on",
    "statement_timeout": "1s",
    "lock_timeout": "1ms",
    "transaction_timeout": "400ms",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "300ms",
}


@contextmanager
def defaults(database: str, settings: Mapping[str, str]) -> Iterator[None]:
    """What sessions that begin within have from the database; it is the owner's to set."""
    name = Identifier(urlsplit(database).path[1:])
    with psycopg.connect(database, autocommit=True) as connection:
        for setting, value in settings.items():
            # A search_path is a list of names.
            text = SQL(value) if setting == "search_path" else Literal(value)
            change = SQL("alter database {} set {} = {}")
            connection.execute(change.format(name, Identifier(setting), text))
        try:
            yield
        finally:
            connection.execute(SQL("alter database {} reset all").format(name))
