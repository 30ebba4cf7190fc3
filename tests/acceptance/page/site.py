"""The running service over a database with known rows, which can be taken away from it."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import httpx
import psycopg
from playwright.sync_api import Page

from ingest.batch import AgentKeys
from ingest.reading.writepriority import WritePriority
from ingest.writing.batchbuilder import build_batch
from ingest.writing.events import store_events
from schemas.events import AgentStatus, Deployment, DeploymentStatus, Event, Status
from tests.support.business import events_of, open_writer, store
from tests.support.fleet import happen
from tests.support.process import PATIENCE_S, fleetgauge
from tests.support.relay import relay
from tests.support.rows import Row, insert
from tests.support.service import token
from tests.support.stack import Stack, Topics, environment, free_port
from tests.unit.ingest.records import decoded

# Hours and days before now in which alice's agent sent nothing.
SILENT_HOURS: Final = frozenset({5, 6})
SILENT_DAYS: Final = frozenset({10, 11, 12})
STALE_AGE: Final = timedelta(hours=3)
# Carol's agents are more than a page of the lists, and each has a higher CPU than the one before.
MANY: Final = 30
HERE: Final = ZoneInfo("Europe/Berlin")
REASON: Final = "out of memory"
KEYS: Final = "select user_id || '/' || agent_id, agent_key from agents"


@dataclass
class Site:
    """A running service, and the way from it to its database."""

    address: str
    _database: str
    _port: int
    _way: ExitStack = field(default_factory=ExitStack)
    _filled: datetime = field(default_factory=lambda: datetime.now(UTC))

    def hours_without_data(self) -> set[int]:
        """Alice's, counted back from the current one, among the last 24."""
        passed = (_hour(datetime.now(UTC)) - _hour(self._filled)) // timedelta(hours=1)
        return _moved(SILENT_HOURS, passed, 24)

    def days_without_data(self) -> set[int]:
        """Alice's, counted back from the current one, among the last 30."""
        return _moved(SILENT_DAYS, (datetime.now(UTC).date() - self._filled.date()).days, 30)

    def sign_in(
        self,
        page: Page,
        user: str | None = None,
        view: str = "",
        ttl: timedelta = timedelta(hours=1),
    ) -> str:
        """Opens a view (`#/platform`) and signs in there as a user or the platform, by the form.

        Returns the token.
        """
        used = self.token(user, ttl)
        page.goto(f"{self.address}/{view}")
        page.get_by_label("Token").fill(used)
        page.get_by_role("button", name="Sign in").click()
        return used

    def token(self, user: str | None = None, ttl: timedelta = timedelta(hours=1)) -> str:
        """A token of a user or the platform; a negative `ttl` is one that has ended."""
        began = datetime.now(UTC) + ttl - timedelta(hours=1)
        return token(user or "platform", "user" if user else "platform", began)

    def connect(self) -> None:
        """Opens the way to the database, and returns when the service has found it."""
        parts = urlsplit(self._database)
        self._way.enter_context(relay(self._port, (parts.hostname or "", parts.port or 0)))
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_ready():
            assert time.monotonic() < deadline, httpx.get(f"{self.address}/readyz").text

    def disconnect(self) -> None:
        """Cuts the service off from its database."""
        self._way.close()

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """The service has no database until the end of the block."""
        self.disconnect()
        try:
            yield
        finally:
            self.connect()

    def _is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.address}/readyz").status_code == 200
        return False


@contextmanager
def served(database: str, stack: Stack, topics: Topics) -> Iterator[Site]:
    """`fleetgauge serve` over this database, by a way that can be cut."""
    port = free_port()
    parts = urlsplit(database)
    login, _, _ = parts.netloc.rpartition("@")
    through = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}"))
    variables = environment(
        through, stack, topics, FLEETGAUGE_HTTP_PORT="0", FLEETGAUGE_ANSWER_CACHE_MS="0"
    )
    with fleetgauge(variables, "serve") as process:
        entry = json.loads(process.await_line('"listening"'))
        site = Site(entry["address"], database, port)
        site.connect()
        try:
            yield site
        finally:
            site.disconnect()


def fill(database: str) -> None:
    """What the tests know: alice's month, bob, who is silent, and agents in every state."""
    now = datetime.now(UTC)
    hours = [n for n in range(24) if n not in SILENT_HOURS]
    days = [n for n in range(1, 30) if n not in SILENT_DAYS]
    ages = [timedelta(seconds=1), *(timedelta(hours=n) for n in hours if n)]
    rows = [
        Row("alice/a", now - age, 20 + n, 40.25, 1_000 + 10 * n, n, 84.2)
        for n, age in enumerate([*ages, *(timedelta(days=n) for n in days)])
    ]
    insert(database, [*rows, *_carols(now), Row("bob/b", now - STALE_AGE, 50, 60, 7, 1, 12)])
    with psycopg.connect(database) as connection:
        happen(connection, _fleet(now))
    asyncio.run(_do_business(database, now))
    asyncio.run(_go_wrong(database, now))


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _moved(silent: frozenset[int], passed: int, count: int) -> set[int]:
    """Buckets without data after `passed` more, in which nothing was sent."""
    return {*range(passed), *(n + passed for n in silent if n + passed < count)}


def tuesday(now: datetime) -> datetime:
    """The last Tuesday that is over, at 14:00 on the clocks of HERE."""
    noon = now.astimezone(HERE).replace(hour=14, minute=0, second=0, microsecond=0)
    return noon - timedelta(days=(noon.weekday() - 1) % 7 or 7)


def _carols(now: datetime) -> list[Row]:
    """Carol's agents, at 60 % errors; `c-07` fell silent four hours ago, before it failed."""
    agents = [
        Row(
            f"carol/c-{n:02}", now - timedelta(hours=4 * (n == 7), seconds=1), 60 + n, 50, 10, 6, 90
        )
        for n in range(MANY)
    ]
    outage = [
        Row("carol/c-03", tuesday(now) + timedelta(minutes=n), 99, 50, 5, 5, 900) for n in (5, 65)
    ]
    return agents + outage


async def _go_wrong(database: str, now: datetime) -> None:
    """Carol's `c-07` fails; on Tuesday a deployment of `c-03` failed, and the agent with it."""
    began = tuesday(now)
    events: list[Event] = [
        _status("c-07", now - timedelta(hours=3), "failed"),
        _deployment(began + timedelta(minutes=5), "pending"),
        _deployment(began + timedelta(minutes=10), "failed"),
        _status("c-03", began + timedelta(minutes=12), "failed"),
        _status("c-03", began + timedelta(minutes=64), "running"),
    ]
    async with await open_writer(database) as connection, connection.transaction():
        found = await connection.execute(KEYS)
        keys = AgentKeys(dict(await found.fetchall()))
        await store_events(connection, build_batch(decoded(events), keys), WritePriority())


def _status(agent: str, at: datetime, status: AgentStatus) -> Status:
    reason = REASON if status == "failed" else None
    return Status(user_id="carol", agent_id=agent, ts=at, status=status, reason=reason)


def _deployment(at: datetime, status: DeploymentStatus) -> Deployment:
    return Deployment(user_id="carol", agent_id="c-03", deployment_id="d-9", ts=at, status=status)


def _fleet(now: datetime) -> str:
    at = now.isoformat()
    return ";".join(
        [
            f"sample s1 {at} messages=10 errors=1 ms=20 used=512 total=2048",
            f"stopped s2 {at}",
            f"failed s3 {at}",
            *(f"deployment d{n} {at} succeeded" for n in range(3)),
            f"deployment d4 {at} failed",
            f"deployment d5 {at} pending",
            f"beat {at} {at}",
        ]
    )


async def _do_business(database: str, now: datetime) -> None:
    at = (now - timedelta(seconds=1)).replace(tzinfo=None).isoformat()
    before = (now - timedelta(days=40)).replace(tzinfo=None).isoformat()
    story = (
        f"pay {at} 123450;pay {before} 1000;pay {at} 1200 EUR;"
        f"book b1 {at} completed;book b2 {at} pending;"
        f"fan f1 {at} superfan;fan f2 {at} casual;fan f3 {before} new;"
        f"play l1 {at} 5;play l2 {before} 10;skill s1 {at} on;skill s2 {at} off"
    )
    async with await open_writer(database) as connection:
        await store(connection, [events_of(story, "alice")])
