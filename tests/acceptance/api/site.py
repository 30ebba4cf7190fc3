"""The running service over the rows that are known, and what can be wrong with its database."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from tests.acceptance.page import site
from tests.support.process import PATIENCE_S, run
from tests.support.service import NOW, bearer, token
from tests.support.stack import Stack, Topics, environment, free_port

ORIGIN: Final = "https://dash.example.org"
_WAITING: Final = """
    select from pg_locks
    where not granted and database = (select oid from pg_database where datname = %s)
"""


@dataclass(frozen=True)
class Site:
    """A running service; `variables` are the settings of commands beside it."""

    address: str
    metrics: str
    variables: dict[str, str]
    _database: str
    _service: site.Site

    def while_(self, state: str | None) -> AbstractContextManager[None]:
        """Brings about what a page's comment names, until the end of the block."""
        match state:
            case None:
                return nullcontext()
            case "the database is unavailable":
                return self._service.without_database()
            case "the database is busy":
                return self._busy()
        raise ValueError(f"no state is called {state!r}")

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """The one connection of the service's pool waits for a lock, and gets it at the end."""
        asking = threading.Thread(target=self._ask_for_bob)
        with closing(psycopg.connect(self._database)) as blocker:
            blocker.execute("lock table agents in access exclusive mode")
            asking.start()
            self._await_waiting(asking)
            yield
        asking.join()

    def _ask_for_bob(self) -> None:
        headers = bearer(token("bob", now=NOW))
        asked = f"{self.address}/api/metrics/bob/performance"
        httpx.get(asked, headers=headers, timeout=PATIENCE_S)

    def _await_waiting(self, asking: threading.Thread) -> None:
        name = urlsplit(self._database).path[1:]
        with psycopg.connect(self._database, autocommit=True) as watcher:
            while watcher.execute(_WAITING, [name]).fetchone() is None:
                assert asking.is_alive(), "bob was answered in spite of the lock"


@contextmanager
def served(database: str, stack: Stack, topics: Topics) -> Iterator[Site]:
    """The service at NOW, with one connection to this database, by a way that can be cut."""
    port = free_port()
    parts = urlsplit(database)
    login, _, _ = parts.netloc.rpartition("@")
    through = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}"))
    variables = environment(through, stack, topics, FLEETGAUGE_HTTP_PORT="0")
    metrics = free_port()
    own = {
        "FLEETGAUGE_DATABASE_POOL_SIZE": "1",
        "FLEETGAUGE_HTTP_CORS_ORIGINS": ORIGIN,
        "FLEETGAUGE_HTTP_METRICS_PORT": str(metrics),
    }
    command = [sys.executable, "-m", "tests.support.serve_at", NOW.isoformat()]
    with run(command, {**variables, **own}) as process:
        address = json.loads(process.await_line('"listening"'))["address"]
        service = site.Site(address, database, port)
        service.connect()
        try:
            yield Site(address, f"127.0.0.1:{metrics}", variables, database, service)
        finally:
            service.disconnect()
