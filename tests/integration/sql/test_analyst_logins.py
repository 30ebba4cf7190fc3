"""The role of analysts and the limits of its logins, on a server that many databases share."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from sql import migrate as module
from tests.integration.sql.analysts import Logins, as_role, let_in, logins
from tests.support.stack import Stack, created_database, migrate, server_edition

FOLDER = Path(module.__file__).parent / "common" / "repeatable"
LIMITS = {
    "statement_timeout=30s",
    "idle_in_transaction_session_timeout=60s",
    "default_transaction_read_only=on",
    "TimeZone=UTC",
}


@pytest.fixture
def roles(stack: Stack) -> Iterator[Logins]:
    """Asked for before `database`, so that it ends after it."""
    with logins(stack.database_url) as made:
        yield made


def script(name: str, role: str) -> bytes:
    """A repeatable file for a group role of another name, which no other database has made."""
    return (FOLDER / name).read_text(encoding="utf-8").replace("fleetgauge_analyst", role).encode()


def limits(database: str, role: str) -> set[str]:
    """What the database sets for a login."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select unnest(setconfig) from pg_db_role_setting "
            "where setrole = %s::regrole and setdatabase = "
            "(select oid from pg_database where datname = current_database())",
            [role],
        ).fetchall()
    return {setting for (setting,) in rows}


def test_the_timeout_ends_a_statement(roles: Logins, database: str) -> None:
    name = roles.new("create role {} login in role fleetgauge_analyst")
    with psycopg.connect(database) as connection:
        connection.execute(
            f"alter role {name} in database {connection.info.dbname} "
            "set statement_timeout = '200ms'".encode()
        )
    migrate(database)
    # What was set by hand stays; what lacked came with the migration.
    assert limits(database, name) == LIMITS - {"statement_timeout=30s"} | {
        "statement_timeout=200ms"
    }
    with psycopg.connect(as_role(database, name)) as connection:
        begun = time.monotonic()
        with pytest.raises(errors.QueryCanceled):
            connection.execute("select pg_sleep(60)")
        assert time.monotonic() - begun < 30
        connection.rollback()


def test_members_of_members_are_analysts_too(roles: Logins, database: str) -> None:
    team = roles.new("create role {} nologin in role fleetgauge_analyst")
    name = roles.new(f"create role {{}} login in role {team}")
    migrate(database)
    assert limits(database, name) == LIMITS
    assert limits(database, team) == set()


def test_who_stores_samples_is_no_analyst(roles: Logins, database: str) -> None:
    writer = roles.new("create role {} login in role fleetgauge_analyst")
    with psycopg.connect(database) as connection:
        # As it is in a database that no migration of this version has seen.
        connection.execute(
            f"grant temporary on database {connection.info.dbname} to public".encode()
        )
        connection.execute(f"grant insert on agent_samples to {writer}".encode())
    migrate(database)
    assert limits(database, writer) == set()
    with psycopg.connect(as_role(database, writer)) as connection:
        connection.execute("create temporary table resent (id integer)")
        connection.rollback()


def test_the_application_keeps_its_rights(database: str) -> None:
    with psycopg.connect(database) as connection:
        assert limits(database, connection.info.user) == set()
        assert connection.execute("show statement_timeout").fetchone() == ("0",)
        connection.execute("create temporary table resent (id integer)")


def test_an_outsider_gets_nothing(roles: Logins, database: str) -> None:
    name = roles.new()
    with psycopg.connect(as_role(database, name)) as connection:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select * from samples")
        connection.rollback()
        assert connection.execute("show statement_timeout").fetchone() == ("0",)


def test_without_the_right_to_make_roles(roles: Logins, stack: Stack) -> None:
    """Migration goes on; where even the group is missing, it says so."""
    owner = roles.new("create role {} login createdb nocreaterole")
    with created_database(as_role(stack.database_url, owner), f"test_{uuid4().hex[:16]}") as url:
        assert migrate(url) is server_edition()
        notices: list[str] = []
        missing = f"test_{uuid4().hex[:12]}"
        with psycopg.connect(url) as connection:
            connection.add_notice_handler(lambda note: notices.append(note.message_primary or ""))
            connection.execute(script("50_analyst.sql", missing))
            connection.execute(script("60_views.sql", missing))
        assert len([line for line in notices if line.startswith("analysts have no access")]) == 1
        # Nor may it set the limits of somebody else's login.
        login = roles.new("create role {} login in role fleetgauge_analyst")
        assert migrate(url) is server_edition()
        assert limits(url, login) == set()
        with psycopg.connect(as_role(url, login)) as connection:
            assert connection.execute("select count(*) from samples").fetchone() == (0,)


def test_several_databases_at_once(stack: Stack) -> None:
    with ExitStack() as made:
        urls = [
            made.enter_context(created_database(stack.database_url, f"test_{uuid4().hex[:16]}"))
            for _ in range(3)
        ]
        with multiprocessing.get_context("spawn").Pool(6) as processes:
            editions = processes.map(migrate, urls * 2, chunksize=1)
    assert editions == [server_edition()] * 6


def await_blocked(connection: psycopg.Connection[Any], pid: int) -> bool:
    """Waits until that session waits for this one; false where it does not within 20 s."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        row = connection.execute(
            "select pg_backend_pid() = any(pg_blocking_pids(%s))", [pid]
        ).fetchone()
        if row and row[0]:
            return True
        time.sleep(0.02)
    return False


def test_another_database_makes_the_role_meanwhile(
    roles: Logins, stack: Stack, database: str
) -> None:
    group = f"test_{uuid4().hex[:12]}"
    roles.names.append(group)
    with (
        psycopg.connect(stack.database_url) as first,
        psycopg.connect(database) as second,
    ):
        first.execute(f"create role {group}".encode())
        run = threading.Thread(target=second.execute, args=[script("50_analyst.sql", group)])
        run.start()
        waited = await_blocked(first, second.info.backend_pid)
        first.commit()
        run.join(20)
        assert waited
        second.execute(script("60_views.sql", group))
        found = second.execute(
            "select has_table_privilege(%s, 'samples', 'select')", [group]
        ).fetchone()
    assert found == (True,)


def test_let_in_as_the_page_says(roles: Logins, database: str) -> None:
    name = f"test_{uuid4().hex[:12]}"
    roles.names.append(name)
    let_in(database, name)
    assert limits(database, name) == LIMITS


def test_a_login_that_goes_away_meanwhile(roles: Logins, database: str) -> None:
    """The migration finds the login, waits for who drops it, and goes on without it."""
    name = roles.new("create role {} login in role fleetgauge_analyst")
    with psycopg.connect(database) as first, psycopg.connect(database) as second:
        first.execute(f"drop role {name}".encode())
        run = threading.Thread(target=second.execute, args=["select limit_analysts()"])
        run.start()
        waited = await_blocked(first, second.info.backend_pid)
        first.commit()
        run.join(20)
        assert waited
        assert second.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
