"""Waits grow, and stay within bounds."""

from itertools import islice

import psycopg
import pytest

from ingest.reading.positions import GapError
from ingest.retry import BASE_S, CAP_S, backoff, until_done
from tests.unit.ingest.doubles import PARTITION


def test_each_wait_is_within_its_bounds() -> None:
    for _ in range(100):
        for attempt, delay in enumerate(islice(backoff(), 12)):
            assert BASE_S / 2 <= delay <= min(BASE_S * 2**attempt, CAP_S)


def test_waits_differ() -> None:
    assert len(set(islice(backoff(), 5, 25))) == 20


def test_late_waits_reach_towards_the_cap() -> None:
    assert max(islice(backoff(), 6, 300)) > CAP_S * 0.8


async def outcome(*failures: Exception) -> str:
    waiting = list(failures)

    async def attempt() -> str:
        if waiting:
            raise waiting.pop(0)
        return "done"

    return await until_done("write", attempt)


@pytest.mark.parametrize("failure", [psycopg.OperationalError(), OSError(), ZeroDivisionError()])
async def test_what_may_pass_is_tried_again(failure: Exception) -> None:
    assert await outcome(failure) == "done"


@pytest.mark.parametrize("failure", [GapError(PARTITION, "x"), MemoryError()])
async def test_what_has_a_meaning_or_is_final_is_raised(failure: Exception) -> None:
    with pytest.raises(type(failure)):
        await outcome(failure)
