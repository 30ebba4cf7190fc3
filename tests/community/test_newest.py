"""Each agent's newest sample and its uptime, wherever the watermark is, as the other edition's."""

import asyncio

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from tests.community.jobs import REFRESH_ALL, pause_jobs
from tests.integration.sql import test_newest as newest
from tests.integration.sql import test_uptime as uptime

SETTINGS = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def url(community: str) -> str:
    """A database with agents 1 to 3."""
    with psycopg.connect(community, autocommit=True) as connection:
        pause_jobs(connection)
        connection.execute(
            "insert into agents (user_id, agent_id) values ('u', '1'), ('u', '2'), ('u', '3')"
        )
    return community


@pytest.mark.parametrize("watermark", newest.WATERMARKS)
@pytest.mark.parametrize("case", newest.CASES)
def test_newest_cases(case: str, watermark: int, url: str) -> None:
    steps, expected = newest.CASES[case]
    filled = [(*row, *(None,) * (7 - len(row))) for row in expected]
    assert asyncio.run(newest.take(url, [watermark, *steps])) == filled


@SETTINGS
@given(steps=newest.histories())
def test_newest_of_any_history_is_as_the_model(url: str, steps: list[newest.Step]) -> None:
    assert asyncio.run(newest.take(url, steps)) == newest.model(steps)


@SETTINGS
@given(case=uptime.cases())
def test_uptime_is_as_the_model_after_a_refresh(url: str, case: uptime.Case) -> None:
    assert asyncio.run(uptime.counted(url, case, REFRESH_ALL)) == uptime.model(case)
