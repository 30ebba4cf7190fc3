"""The tables behind the levels, writable on both editions."""

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
    """The hypertable of a level, or `relation` itself if it is a hypertable."""
    ((names,),) = connection.execute(TABLES, {"relation": relation}).fetchall()
    return sql.Identifier(*names)


@contextmanager
def writable_levels(connection: Connection) -> Iterator[None]:
    """Create `filled_agent_metrics_5m`, `_1h` and `_1d`, writable views of those levels.

    The watermark is 30 seconds ago; levels must have rows up to it. On the community edition the
    server's jobs are disabled, because they would recompute the rows from missing samples. Levels
    are marked as materialised up to the end of a refresh, and the samples of yesterday and today
    are materialised on exit.
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
    """Execute the statements of a file of this folder one by one."""
    # VACUUM cannot run in a transaction, and a multi-statement command is one.
    for statement in (HERE / name).read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.execute(statement.encode())
