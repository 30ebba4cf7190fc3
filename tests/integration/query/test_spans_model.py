"""Histories against a plain model, which puts each sample into its local hour or day by itself."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar

from tests.support.rows import Row, insert, refresh, set_watermark
from tests.support.service import application, bearer, serving, token

# Around changes of their clocks, a day that one of them has not, and offsets of 30 and 45 minutes.
MIDDLES = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Asia/Kolkata": ("2026-03-29",),
    "Asia/Kathmandu": ("2026-03-29",),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Pacific/Apia": ("2011-12-30",),
    "America/Sao_Paulo": ("2018-02-18", "2018-11-04"),
    "Africa/Cairo": ("2026-04-24", "2026-10-30"),
    "UTC": ("2026-03-29",),
}
NOW = datetime(2027, 1, 1, tzinfo=UTC)
PLACES = [(zone, day) for zone, days in MIDDLES.items() for day in days]
USERS = (f"user-{number}" for number in count())
SAMPLES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        # Quarters of an hour are edges of some zone; a second beside them is not.
        st.builds(
            lambda quarters, seconds: timedelta(minutes=15 * quarters, seconds=seconds),
            st.integers(-180, 180),
            st.sampled_from([0, 0, 1, -1, 400]),
        ),
        st.integers(0, 1_000),
        st.integers(0, 9),
        st.none() | st.integers(0, 100),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda sample: sample[:2],
)


def part_of(moment: datetime, step: str, zone: ZoneInfo) -> tuple[Any, ...]:
    """What all samples of one point share, and no others: the local day, hours, and so on."""
    local = moment.astimezone(zone)
    match step:
        case "1d":
            return (local.date(),)
        case "6h":
            return (local.date(), local.hour // 6)
        case "1h" if zone.key == "Australia/Lord_Howe":
            # The half hour that its clock shows twice is of one hour.
            return (local.date(), local.hour)
        case "1h":
            return (local.date(), local.hour, local.fold)
        case "15m":
            return (int(moment.timestamp()) // 900,)
        case _:
            return (int(moment.timestamp()) // 300,)


def model(rows: list[Row], step: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Every figure of a point that does not depend on the level that is read."""
    parts = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.ts):
        parts[part_of(row.ts, step, zone)].append(row)
    return [
        {
            "messages": (messages := sum(row.messages for row in part)),
            "errors": (errors := sum(row.errors for row in part)),
            "errorRate": _percent(errors, messages),
            "cpuMax": float(max((row.cpu for row in part if row.cpu is not None), default=0)),
            "cpu": _mean([row.cpu for row in part if row.cpu is not None]),
        }
        for part in parts.values()
    ]


def _percent(errors: int, messages: int) -> float:
    if not errors:
        return 0.0
    return min(100.0, round(100 * errors / messages, 2)) if messages else 100.0


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 2) if values else 0.0


@pytest.fixture
def ask(database: str) -> Iterator[Callable[[str], Any]]:
    """Asks one service, over samples of which some are aggregated when they come."""
    set_watermark(database)
    refresh(database, datetime(2026, 4, 5, 3, tzinfo=UTC))
    headers = bearer(token("ops", "platform", NOW))
    with asyncio.Runner() as runner:
        service = Service(application(database, NOW))
        runner.run(service.start())

        def answer(path: str) -> Any:
            response = runner.run(service.client.get(path, headers=headers))
            assert response.status_code == 200, response.text
            return response.json()

        yield answer
        runner.run(service.stop())


class Service:
    """An application that starts and stops in one task, whoever asks in between."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Returns when `client` is there."""
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._serve(ready))
        await ready.wait()

    async def stop(self) -> None:
        """Returns when the application has stopped."""
        self._stopping.set()
        await self._task

    async def _serve(self, ready: asyncio.Event) -> None:
        async with serving(self._app) as self.client:
            ready.set()
            await self._stopping.wait()


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    place=st.sampled_from(PLACES),
    step=st.sampled_from(["5m", "15m", "1h", "6h", "1d"]),
    samples=SAMPLES,
    is_agent=st.booleans(),
)
def test_points_are_those_of_the_local_clock(
    database: str,
    ask: Callable[[str], Any],
    place: tuple[str, str],
    step: str,
    samples: list[tuple[str, timedelta, int, int, int | None]],
    is_agent: bool,
) -> None:
    user, zone = next(USERS), ZoneInfo(place[0])
    middle = datetime.fromisoformat(place[1]).replace(tzinfo=UTC)
    rows = [
        Row(f"{user}/{agent}", middle + age, cpu, None, messages, errors)
        for agent, age, messages, errors, cpu in samples
    ]
    insert(database, rows)
    own = [row for row in rows if not is_agent or row.agent == rows[0].agent]
    whose = f"{user}/agents/{rows[0].agent.rpartition('/')[2]}" if is_agent else user
    start, stop = (f"{middle + sign * timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}" for sign in (-1, 1))
    path = f"/api/metrics/{whose}/historical?from={start}&to={stop}&step={step}&tz={zone.key}"
    answer = ask(path)
    expected = model(own, step, zone)
    fields = ("messages", "errors", "errorRate", "cpuMax", "cpu")
    assert [{name: point[name] for name in fields} for point in answer["metrics"]] == expected
    times = [datetime.fromisoformat(point["timestamp"]) for point in answer["metrics"]]
    bounds = (datetime.fromisoformat(answer[name]) for name in ("from", "to"))
    assert times == sorted(times)
    assert next(bounds) <= times[0] <= min(row.ts for row in own)
    assert max(row.ts for row in own) < next(bounds)
