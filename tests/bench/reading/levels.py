"""The tables behind the levels, which take rows on either edition."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from sql.edition import Edition, read_edition

HERE: Final = Path(__file__).parent
FILLED: Final = ("agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d")
# On the community edition the hypertable behind a continuous aggregate.
TABLES: Final = """
select coalesce(
    (
        select array[materialization_hypertable_schema, materialization_hypertable_name]::text[]
        from timescaledb_information.continuous_aggregates
        where view_schema = current_schema() and view_name = %(relation)s
    ),
    (
        select array[hypertable_schema, hypertable_name]::text[]
        from timescaledb_information.hypertables
        where format('%%I.%%I', hypertable_schema, hypertable_name)::regclass
            = hypertable_of(%(relation)s)
    )
)
"""

Connection = psycopg.Connection[Any]


def table_of(connection: Connection, relation: str) -> sql.Identifier:
    """The hypertable of a level, or of anything else that is one itself."""
    ((names,),) = connection.execute(TABLES, {"relation": relation}).fetchall()
    return sql.Identifier(*names)


@contextmanager
def writable_levels(connection: Connection) -> Iterator[None]:
    """Makes `filled_agent_metrics_5m`, `_1h` and `_1d`, which take rows into those levels.

    The watermark is half a minute ago, and rows count where a level is aggregated up to it. On the
    community edition the server's jobs rest from here on, for they would compute those rows again
    from samples that are not there. Levels count as materialised up to where a refresh would get,
    and at the end the samples of yesterday and today are.
    """
    is_community = read_edition(connection) is Edition.COMMUNITY
    run_file(connection, "begin.sql")
    if is_community:
        run_file(connection, "begin_community.sql")
    for relation in FILLED:
        connection.execute(
            sql.SQL("create temporary view {} as select * from {}").format(
                sql.Identifier(f"filled_{relation}"), table_of(connection, relation)
            )
        )
    yield
    if is_community:
        run_file(connection, "end_community.sql")


def run_file(connection: Connection, name: str) -> None:
    """All statements of a file of this folder, each on its own."""
    # VACUUM runs in no transaction, and several statements at once are one.
    for statement in (HERE / name).read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.execute(statement.encode())
