"""The endpoints give the same bytes on both editions, for the same history and clock."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import Event
from sql.named import query
from tests.community.jobs import pause_jobs
from tests.community.samples import refresh, store
from tests.integration.query.test_summary_model import kinds
from tests.support import business
from tests.support.fleet import agent_key, happen
from tests.support.rows import set_watermark
from tests.support.service import application, bearer, serving, token

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# Two months later each time: what came before is there and is the same for both.
NOWS = (datetime(2020, 3, 10, 14, 35, tzinfo=UTC) + number * 61 * DAY for number in count())
AGENTS = ("a", "b", "c")
USER = "u"
PATHS = (
    "/api/metrics",
    f"/api/metrics/{USER}/historical?range=24h",
    f"/api/metrics/{USER}/historical?range=7d",
    f"/api/metrics/{USER}/historical?range=30d",
    f"/api/metrics/{USER}/historical?from={{start}}&step=1d&tz=Asia/Kathmandu",
    f"/api/metrics/{USER}/historical?from={{start}}&step=6h&tz=Europe/Berlin",
    f"/api/metrics/{USER}/historical?from={{start}}",
    "/api/metrics/historical",
    "/api/metrics/historical?range=7d",
    "/api/metrics/historical?from={start}&step=1d&tz=Europe/Berlin",
    f"/api/metrics/{USER}/agents",
    f"/api/metrics/{USER}/agents?window=24h&sort=errorRate",
    "/api/metrics/agents?sort=messages&window=1h",
    "/api/metrics/users",
    "/api/metrics/users?window=24h&sort=cpu&order=asc",
    f"/api/metrics/{USER}/timeline",
    "/api/metrics/timeline",
    f"/api/metrics/{USER}/performance",
    f"/api/metrics/{USER}/summary",
)
# A clock ahead, minutes, a day, a month: ends of buckets and of ranges are among them.
AGES = st.one_of(
    st.timedeltas(timedelta(minutes=-5), timedelta(minutes=20)),
    st.builds(lambda steps: steps * timedelta(minutes=5), st.integers(0, 600)),
    st.builds(lambda hours: hours * timedelta(hours=1), st.integers(0, 30 * 24)),
    st.timedeltas(timedelta(0), 31 * DAY),
)
PERCENTS = st.integers(0, 1000).map(lambda tenths: tenths / 10)
SAMPLES = st.tuples(
    AGES,
    st.sampled_from(AGENTS),
    PERCENTS,
    PERCENTS,
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.none() | st.integers(0, 5000).map(lambda tenths: tenths / 10),
)
BATCHES = st.lists(st.lists(SAMPLES, min_size=1, max_size=30), min_size=1, max_size=4)
AGENT_EVENTS = st.lists(
    st.one_of(
        st.builds(
            "{} {} {{}}".format,
            st.sampled_from(["running", "stopped", "failed", "removed"]),
            st.sampled_from(AGENTS),
        ),
        st.builds(
            "deployment {} {{}} {}".format,
            st.sampled_from(AGENTS),
            st.sampled_from(["pending", "succeeded", "failed"]),
        ),
        st.just("beat {0} {0}"),
    ).flatmap(lambda words: st.tuples(st.just(words), AGES)),
    max_size=20,
)


TRIES = 5


@dataclass(frozen=True)
class Side:
    """One of the two databases, and what writes it."""

    url: str
    connection: psycopg.Connection[Any]

    def store(self, batch: list[tuple[Any, ...]], now: datetime) -> None:
        """Samples, each by its age."""
        keys = {agent: agent_key(self.connection, agent) for agent in AGENTS}
        rows = [(now - age, keys[agent], *figures) for age, agent, *figures in batch]
        store(self.connection, {row[:2]: row for row in rows}.values())

    async def answers(self, now: datetime) -> list[bytes]:
        """What the endpoints say."""
        bodies = []
        async with serving(application(self.url, now)) as client:
            for path in PATHS:
                asked = path.format(start=f"{now - 9 * DAY:%Y-%m-%dT%H:%M:%SZ}")
                headers = bearer(token("ops", "platform", now))
                response = await client.get(asked, headers=headers)
                for _ in range(TRIES):
                    # The server in WebAssembly may take longer to answer than a request waits.
                    if response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR:
                        break
                    response = await client.get(asked, headers=headers)
                assert response.status_code == HTTPStatus.OK, response.text
                bodies.append(response.content)
        return bodies


@pytest.fixture(scope="module")
def apache(apache_database: str) -> Iterator[Side]:
    with psycopg.connect(apache_database, autocommit=True) as connection:
        set_watermark(apache_database)
        yield Side(apache_database, connection)


@pytest.fixture(scope="module")
def other(community: str) -> Iterator[Side]:
    with psycopg.connect(community, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(community)
        yield Side(community, connection)


def aggregate(side: Side, upto: datetime) -> None:
    """Moves the watermark, as ingest's refresh does."""
    side.connection.execute(query("refresh_samples"), {"upto": upto})


def refresh_month(side: Side, now: datetime) -> None:
    refresh(side.connection, (now - 32 * DAY).replace(hour=0, minute=0), now)


async def store_business(side: Side, events: list[Event]) -> None:
    writer = await business.open_writer(side.url)
    async with writer:
        await business.store(writer, [events])


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    batches=BATCHES,
    agent_events=AGENT_EVENTS,
    # How old the watermark is; some batches come after it has moved.
    watermark=st.none() | st.sampled_from([-MINUTE, MINUTE / 2, 7 * MINUTE, 3 * DAY]),
    is_refreshed=st.booleans(),
    data=st.data(),
)
def test_the_same_bytes(
    apache: Side,
    other: Side,
    batches: list[list[tuple[Any, ...]]],
    agent_events: list[tuple[str, timedelta]],
    watermark: timedelta | None,
    is_refreshed: bool,
    data: st.DataObject,
) -> None:
    now = next(NOWS)
    events = data.draw(st.lists(kinds(now), max_size=30), label="events")
    story = ";".join(words.format((now - age).isoformat()) for words, age in agent_events)
    for side in (apache, other):
        for batch in batches:
            side.store(batch, now)
            if watermark is not None:
                aggregate(side, now - watermark)
            if side is other and (is_refreshed or watermark is not None):
                refresh_month(side, now)
        happen(side.connection, story)
        asyncio.run(store_business(side, events))
    assert asyncio.run(apache.answers(now)) == asyncio.run(other.answers(now))
