"""Session defaults of a database that would change rows and responses, or interrupt work."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier, Literal

# Defaults that an operator may have set. `search_path` hides the tables; `bytea_output` and the
# three settings before it change the format of values.
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
    "idle_session_timeout": "2s",
}


@contextmanager
def defaults(database: str, settings: Mapping[str, str]) -> Iterator[None]:
    """Sets the database's defaults for sessions that begin within the block; needs its owner."""
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
