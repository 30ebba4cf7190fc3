"""The password is changed and all sessions are ended: the file of the URL is read again."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal

from tests.faults.ledger import Ledger
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.serve_process import Serving, served
from tests.support.waiting import until

pytestmark = pytest.mark.fault(35, "password changed")

RECOVERY_S = 20.0


class Login:
    """A role that may do everything in the database, and the file with its URL."""

    def __init__(self, database: str, file: Path) -> None:
        self._database = database
        self._name = f"rotated_{uuid4().hex[:12]}"
        self.file = file
        self._run("create role {name} login password {word}", word="first")
        # To end its sessions.
        self._run("grant {name} to current_user with inherit true")
        for what in ("all tables in schema public", "schema public", self._whole):
            self._run(f"grant all on {what} to {{name}}")
        self.write("first")

    @property
    def _whole(self) -> str:
        return f"database {urlsplit(self._database).path[1:]}"

    def write(self, password: str) -> None:
        """Writes the URL with this password, as a whole."""
        parts = urlsplit(self._database)
        netloc = f"{self._name}:{password}@{parts.hostname}:{parts.port}"
        partial = self.file.with_suffix(".partial")
        partial.write_text(urlunsplit(parts._replace(netloc=netloc)))
        partial.replace(self.file)

    def change(self, password: str) -> None:
        """Changes the password, and ends all sessions that came with the old one."""
        self._run("alter role {name} password {word}", word=password)
        self._run(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = {word}",
            word=self._name,
        )

    def drop(self) -> None:
        """Leaves nothing behind."""
        self.change("gone")
        for what in ("drop owned by {name}", "drop role {name}"):
            self._run(what)

    def _run(self, statement: str, word: str = "") -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            filled = {"name": Identifier(self._name), "word": Literal(word)}
            connection.execute(SQL(statement).format(**filled))


@pytest.fixture
def login(database: str, tmp_path: Path) -> Iterator[Login]:
    made = Login(database, tmp_path / "url")
    yield made
    made.drop()


def ready(serving: Serving) -> tuple[int, str]:
    with serving.client() as client:
        answer = client.get("/readyz")
    return answer.status_code, answer.text


async def test_ingest_and_serve_go_on_with_the_new_one(
    login: Login,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    variables = ingest_environment(FLEETGAUGE_DATABASE_URL_FILE=str(login.file))
    del variables["FLEETGAUGE_DATABASE_URL"]
    now = datetime.now(UTC)
    async with ingest_process(variables, tmp_path / "ingest.log") as ingest:
        with served(variables) as serving:
            await ingest.said('"claimed"')
            await asyncio.to_thread(serving.await_ready)
            login.change("second")
            await ledger.send(Fleet(2, 50, now, timedelta(minutes=7)).samples(5, rng))
            await ingest.said("authentication failed")

            async def is_rejected() -> bool:
                reported = await ingest.metric("fleetgauge_database_rejects")
                status, text = await asyncio.to_thread(ready, serving)
                return reported == 1 and status == 503 and "The database rejects" in text

            await until(is_rejected, "word that the login is rejected", 60)
            login.write("second")
            await ledger.all_stored(RECOVERY_S)

            async def is_well() -> bool:
                reported = await ingest.metric("fleetgauge_database_rejects")
                return reported == 0 and (await asyncio.to_thread(ready, serving))[0] == 200

            await until(is_well, "word that all is well", RECOVERY_S)
        assert await ingest.stop() == 0
        for output in (ingest.log, serving.process.output):
            assert "second@" not in output
            assert "Traceback" not in output
    await ledger.settle()
