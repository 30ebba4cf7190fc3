"""A thousand requests that take their time, and clients that are gone before their answer.

Who asks as usual is answered meanwhile, ingest goes on, and afterwards nothing of them is left.
"""

import asyncio
import random
import resource
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from query.connection import HEAD_TIMEOUT_S
from schemas.events import Sample
from tests.faults.ledger import Ledger
from tests.faults.plugin import Case
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.oracle import Fleet
from tests.support.serve_process import Serving, holder, served
from tests.support.waiting import until

pytestmark = pytest.mark.fault(17, "slow and vanished")

SLOW = 1_000
POOL_SIZE = 8
# Whoever is answered as usual waits no longer than this, on a machine that does all of it at once.
PATIENCE_S = 5.0
ENDED_WITHIN_S = HEAD_TIMEOUT_S + 20
GROWTH_BYTES = 100 * 1024**2
HEAD = b"GET /livez HTTP/1.1\r\nHost: fleetgauge\r\nX-Padding: "
# What a slow client says at once, and what it adds piece by piece.
MANNERS = {
    "says nothing": (b"", b""),
    "says a word": (b"GET", b""),
    "never ends its head": (HEAD, b"x"),
    "stops before the end": (HEAD + b"x\r\n", b""),
    "comes line by line": (HEAD + b"x\r\n", b"X-More: y\r\n"),
}


@pytest.fixture(autouse=True)
def _enough_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * SLOW + 1_024), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def both(
    environment: dict[str, str], folder: Path
) -> AsyncIterator[tuple[Serving, IngestProcess]]:
    """The service and ingest on one database, both at work."""
    async with ingest_process(environment, folder / "ingest.log") as ingest:
        with served(environment, FLEETGAUGE_ANSWER_CACHE_MS="0") as serving:
            await asyncio.to_thread(serving.await_ready)
            await ingest.said('"claimed"')
            yield serving, ingest


async def hold(serving: Serving, said: bytes, more: bytes) -> float:
    """One slow client; the seconds until the service ended its connection."""
    reader, writer = await asyncio.open_connection(*serving.address)
    began = time.monotonic()
    try:
        writer.write(said)
        while more:
            writer.write(more)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await reader.read()
                    break
        async with asyncio.timeout(ENDED_WITHIN_S):
            await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    return time.monotonic() - began


async def ask_on(serving: Serving, done: asyncio.Event) -> list[tuple[int, float]]:
    """Asks as a dashboard does until `done`: statuses, and seconds that each answer took."""
    answers = []
    async with httpx.AsyncClient(base_url=serving.url, timeout=60) as client:
        while not done.is_set():
            began = time.monotonic()
            answer = await client.get("/api/metrics/user-0/summary", headers=holder("user-0"))
            answers.append((answer.status_code, time.monotonic() - began))
            await asyncio.sleep(0.05)
    return answers


async def test_a_thousand_slow_clients_keep_nobody_out(
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    case: Case,
    rng: random.Random,
) -> None:
    async with both(ingest_environment(), tmp_path) as (serving, _):
        before = psutil.Process(serving.pid)
        files, memory = before.num_fds(), before.memory_info().rss
        for turn in range(case.rounds(short=1, long=5)):
            done = asyncio.Event()
            asking = asyncio.create_task(ask_on(serving, done))
            manners = [rng.choice(list(MANNERS.values())) for _ in range(SLOW)]
            slow = [asyncio.create_task(hold(serving, *manner)) for manner in manners]
            await ledger.send(samples(turn, rng))
            await ledger.all_stored()
            held = await asyncio.gather(*slow)
            done.set()
            answers = await asking
            assert {status for status, _ in answers} == {200}
            assert max(took for _, took in answers) < PATIENCE_S
            assert max(held) < ENDED_WITHIN_S
        await until(lambda: let_go(serving, files), "the files' end", 60)
        assert psutil.Process(serving.pid).memory_info().rss - memory < GROWTH_BYTES
    await ledger.settle()


def samples(turn: int, rng: random.Random) -> list[Sample]:
    start = datetime.now(UTC) + timedelta(seconds=turn)
    return Fleet(3, 100, start, timedelta(minutes=7)).samples(20, rng)


async def let_go(serving: Serving, files: int) -> bool:
    # The pool may have grown meanwhile.
    return psutil.Process(serving.pid).num_fds() <= files + POOL_SIZE


async def test_clients_that_are_gone_leave_an_idle_pool(
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    case: Case,
    rng: random.Random,
) -> None:
    async with both(ingest_environment(), tmp_path) as (serving, _):
        for turn in range(case.rounds(short=1, long=10)):
            with closing(psycopg.connect(database)) as blocker:
                # Summaries wait for it, and ingest has nothing to do with it.
                blocker.execute("lock table fan_counts in access exclusive mode")
                gone = [leave(serving, f"user-{number}") for number in range(300)]
                await until(lambda: busy(database, POOL_SIZE), "busy sessions", 60)
                for link in gone:
                    link.close()
                await ledger.send(samples(turn, rng))
                await ledger.all_stored()
            await until(lambda: busy(database, 0), "an idle pool", 60)
            await until(lambda: at_rest(serving), "the end of all requests", 60)
            async with httpx.AsyncClient(base_url=serving.url) as client:
                answer = await client.get("/api/metrics/user-0/summary", headers=holder("user-0"))
            assert answer.status_code == 200
    await ledger.settle()


def leave(serving: Serving, user: str) -> socket.socket:
    """A client that asks, and whose end will be abrupt."""
    link = serving.connect()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    (header,) = holder(user).items()
    lines = [f"GET /api/metrics/{user}/summary HTTP/1.1", "Host: fleetgauge", ": ".join(header)]
    link.sendall("\r\n".join([*lines, "", ""]).encode())
    return link


async def busy(database: str, sessions: int) -> bool:
    """Whether so many of the service's sessions are at work."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        found = await connection.execute(
            "select count(*) filter (where state <> 'idle'), count(*) from pg_stat_activity "
            "where application_name = 'fleetgauge-query' and datname = current_database()"
        )
        active, all_of_them = await found.fetchone() or (0, 0)
    assert all_of_them <= POOL_SIZE
    return bool(active == sessions)


async def at_rest(serving: Serving) -> bool:
    """Whether no request is under way but the one that asks."""
    value = await asyncio.to_thread(serving.metric, "fleetgauge_http_requests_in_progress")
    return value == 1
