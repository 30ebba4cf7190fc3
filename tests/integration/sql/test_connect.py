"""Every command's session has our settings, whatever the defaults are; the URL's options count."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from ingest.admin import upkeep
from ingest.database import WRITER
from query import database as query_database
from sql import migrate
from sql.connect import connected, connected_sync
from sql.session import RELIED_ON, Session, UnusableDatabase
from tests.support.defaults import HOSTILE, defaults
from tests.support.stack import Stack, created_database, database_settings

SESSIONS = [WRITER, upkeep.SESSION, query_database.SESSION, migrate.SESSION]
# As the server writes it.
SHOWN = {"5000ms": "5s"}


@pytest.fixture(scope="module")
def hostile(stack: Stack) -> Iterator[str]:
    """The URL of an empty database whose defaults are not ours."""
    with (
        created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url,
        defaults(url, HOSTILE),
    ):
        yield url


async def shown(url: str, session: Session, setting: str) -> tuple[str, str]:
    """A setting in a session of each kind of connection."""
    ask = b"select current_setting(%s)"
    async with connected(database_settings(url), session) as connection:
        ((value,),) = await (await connection.execute(ask, [setting])).fetchall()

    def from_thread() -> str:
        with connected_sync(database_settings(url), session) as connection:
            ((value,),) = connection.execute(ask, [setting]).fetchall()
        return str(value)

    return value, await asyncio.to_thread(from_thread)


def test_each_setting_that_is_relied_on_has_a_hostile_default() -> None:
    assert HOSTILE.keys() - {"client_encoding"} == RELIED_ON.keys()


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: str(session.application_name))
@pytest.mark.parametrize("setting", HOSTILE)
async def test_defaults_change_nothing(hostile: str, session: Session, setting: str) -> None:
    ours = {**RELIED_ON, "client_encoding": "UTF8", **session.settings}[setting]
    assert await shown(hostile, session, setting) == (SHOWN.get(ours, ours),) * 2


# what a URL says, the setting, what the session has
OPTIONS = [
    ("options=-csearch_path%3Dtelemetry,public", "search_path", "telemetry,public"),
    ("options=-c%20work_mem%3D5MB", "work_mem", "5MB"),
    ("options=-cstatement_timeout%3D1ms", "statement_timeout", "0"),
    ("options=-cclient_encoding%3Dlatin1&client_encoding=latin1", "client_encoding", "UTF8"),
    ("application_name=another", "application_name", "fleetgauge-ingest"),
]


@pytest.mark.parametrize(("parameters", "setting", "value"), OPTIONS)
async def test_the_urls_options(hostile: str, parameters: str, setting: str, value: str) -> None:
    assert await shown(f"{hostile}?{parameters}", WRITER, setting) == (value, value)


async def test_pgoptions_count_where_the_url_has_none(
    hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c search_path=telemetry -c statement_timeout=2s")
    assert await shown(hostile, WRITER, "search_path") == ("telemetry", "telemetry")
    assert await shown(hostile, WRITER, "statement_timeout") == ("0", "0")
    other = f"{hostile}?options=-cwork_mem%3D5MB"
    assert await shown(other, WRITER, "search_path") == ('"$user", public',) * 2


# what a URL says, a part of the sentence
WRONG = [
    ("options=-cnope%3D1", 'unrecognized configuration parameter "nope": correct the options'),
    ("options=-cwork_mem%3Dall", 'invalid value for parameter "work_mem": "all": correct the'),
]


@pytest.mark.parametrize(("parameters", "sentence"), WRONG)
async def test_options_that_the_server_rejects(
    hostile: str, parameters: str, sentence: str
) -> None:
    url = database_settings(f"{hostile}?{parameters}")
    with pytest.raises(UnusableDatabase, match=sentence):
        async with connected(url, WRITER):
            pass
    with pytest.raises(UnusableDatabase, match=sentence), connected_sync(url, WRITER):
        pass


async def test_a_login_that_is_rejected_is_no_absence(hostile: str) -> None:
    wrong = database_settings(hostile.replace("@", "x@"))
    with pytest.raises(UnusableDatabase, match=r"authentication failed .*: correct the role"):
        async with connected(wrong, WRITER):
            pass
    away = database_settings("postgresql://someone:x@127.0.0.1:1/fleetgauge")
    with pytest.raises(psycopg.OperationalError, match="refused") as caught:
        async with connected(away, WRITER):
            pass
    assert not isinstance(caught.value, UnusableDatabase)
