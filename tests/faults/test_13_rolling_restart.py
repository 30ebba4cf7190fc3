"""The service is restarted under load, one process after the other: no client notices.

Two processes stand behind whoever asks, as behind a proxy: a connection that is refused, or ended
before an answer, is tried at the other one. What has begun to be answered comes whole.
"""

import asyncio
import itertools
import random
import signal
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.faults.plugin import Case
from tests.support.rows import Row, insert
from tests.support.serve_process import Serving, holder, served
from tests.support.waiting import until

pytestmark = pytest.mark.fault(13, "rolling restart of the service")

ROUTES = ("historical?range=7d", "performance", "summary")
ASKING = 16


class Balanced:
    """Asks the running processes in turn; `answered` counts the answers by status."""

    def __init__(self, services: list[Serving]) -> None:
        self.services = services
        self.answered: Counter[int] = Counter()
        self.tried_again = 0
        self.done = asyncio.Event()
        self._turns = itertools.count()

    async def ask_on(self, client: httpx.AsyncClient, rng: random.Random) -> None:
        """Asks until `done`; AssertionError where both processes leave a request unanswered."""
        while not self.done.is_set():
            path = f"/api/metrics/alice/{rng.choice(ROUTES)}"
            answer = await self._first(client, path)
            answer.json()
            self.answered[answer.status_code] += 1

    async def _first(self, client: httpx.AsyncClient, path: str) -> httpx.Response:
        turn = next(self._turns)
        for attempt in range(len(self.services)):
            serving = self.services[(turn + attempt) % len(self.services)]
            try:
                return await client.get(f"{serving.url}{path}", headers=holder("alice"))
            except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError) as error:
                if "incomplete" in str(error) or "without sending complete" in str(error):
                    raise
                self.tried_again += 1
        raise AssertionError(f"nobody answered {path}")

    async def until_answered(self, more: int) -> None:
        """Returns when so many more answers have come."""
        goal = self.answered.total() + more

        async def reached() -> bool:
            return self.answered.total() >= goal

        await until(reached, f"{more} answers", 60)


async def test_a_rolling_restart_costs_nobody_an_answer(
    database: str, variables: dict[str, str], case: Case, rng: random.Random
) -> None:
    now = datetime.now(UTC)
    insert(database, [Row("alice/a", now - timedelta(hours=hour)) for hour in range(100)])
    settings = {"FLEETGAUGE_RATE_LIMIT_PER_S": "0", "FLEETGAUGE_ANSWER_CACHE_MS": "0"}
    limits = httpx.Limits(max_connections=2 * ASKING)
    with ExitStack() as running:

        def start() -> Serving:
            return running.enter_context(served(variables, **settings))

        balanced = Balanced([start(), start()])
        async with httpx.AsyncClient(timeout=30, limits=limits) as client:
            asking = [asyncio.create_task(balanced.ask_on(client, rng)) for _ in range(ASKING)]
            for place in [*range(2)] * case.rounds(short=1, long=10):
                await balanced.until_answered(200)
                old = balanced.services[place]
                old.process.signal(signal.SIGTERM)
                assert await asyncio.to_thread(old.process.await_exit) == 0
                await balanced.until_answered(100)
                balanced.services[place] = await asyncio.to_thread(start)
            await balanced.until_answered(200)
            balanced.done.set()
            await asyncio.gather(*asking)
    assert set(balanced.answered) == {200}, balanced.answered
    assert balanced.tried_again > 0
