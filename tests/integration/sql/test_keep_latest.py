"""`agent_latest` after samples in any order: each agent's newest, its first, its newest storage."""

from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Row = tuple[int, int, float, float | None, float | None]
"""(agent_key, minute, cpu, storage used, storage total)"""

CASES: dict[str, tuple[list[list[Row]], list[tuple[Any, ...]]]] = {
    "the newest of a batch": ([[(1, 0, 1, None, None), (1, 2, 3, None, None)]], [(1, 0, 2, 3)]),
    "an older batch moves the first time only": (
        [[(1, 5, 5, None, None)], [(1, 0, 1, None, None)]],
        [(1, 0, 5, 5)],
    ),
    "storage told earlier stays": (
        [[(1, 0, 1, 10, 100)], [(1, 1, 2, None, None)]],
        [(1, 0, 1, 2, 0, 10, 100)],
    ),
    "half-told storage is not told": ([[(1, 0, 1, 10, None)]], [(1, 0, 0, 1)]),
    "older storage does not replace newer": (
        [[(1, 5, 5, 50, 100)], [(1, 3, 3, 30, 100)]],
        [(1, 3, 5, 5, 5, 50, 100)],
    ),
    "late storage fills in what nobody told": (
        [[(1, 5, 5, None, None)], [(1, 3, 3, 30, 100)]],
        [(1, 3, 5, 5, 3, 30, 100)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_cases(case: str, database: str) -> None:
    batches, expected = CASES[case]
    with psycopg.connect(database) as connection:
        for batch in batches:
            _insert(connection, batch)
        assert _latest(connection) == [(*row, *(None,) * (7 - len(row))) for row in expected]


@dataclass
class Newest:
    """The model: what is known of one agent after its samples came one by one."""

    first: int
    newest: int
    cpu: float
    storage_minute: int | None = None
    used: float | None = None
    total: float | None = None


def _model(batches: list[list[Row]]) -> list[tuple[Any, ...]]:
    known: dict[int, Newest] = {}
    for key, minute, cpu, used, total in (row for batch in batches for row in batch):
        agent = known.setdefault(key, Newest(minute, minute, cpu))
        agent.first = min(agent.first, minute)
        if minute > agent.newest:
            agent.newest, agent.cpu = minute, cpu
        is_told = used is not None and total is not None
        if is_told and (agent.storage_minute is None or minute > agent.storage_minute):
            agent.storage_minute, agent.used, agent.total = minute, used, total
    return [(key, *astuple(agent)) for key, agent in sorted(known.items())]


wholes = st.integers(0, 100).map(float)
rows = st.tuples(
    st.integers(1, 3), st.integers(0, 40), wholes, st.none() | wholes, st.none() | wholes
)
histories = st.lists(rows, max_size=24, unique_by=lambda row: row[:2]).flatmap(
    lambda found: st.integers(1, 24).map(
        lambda size: [found[i : i + size] for i in range(0, len(found), size)]
    )
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=histories)
def test_any_history_is_as_the_model(batches: list[list[Row]], database: str) -> None:
    with psycopg.connect(database) as connection:
        for batch in batches:
            _insert(connection, batch)
        assert _latest(connection) == _model(batches)
        connection.rollback()


def _insert(connection: psycopg.Connection[Any], batch: list[Row]) -> None:
    with connection.cursor().copy(
        "copy agent_samples (ts, agent_key, cpu, memory, messages, errors, storage_used_mb, "
        "storage_total_mb) from stdin"
    ) as copy:
        for key, minute, cpu, used, total in batch:
            copy.write_row((NOON + timedelta(minutes=minute), key, cpu, 0, 0, 0, used, total))


def _latest(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    def minute(ts: datetime | None) -> int | None:
        return None if ts is None else (ts - NOON) // timedelta(minutes=1)

    found = connection.execute(
        "select agent_key, first_ts, ts, cpu, storage_ts, storage_used_mb, storage_total_mb "
        "from agent_latest order by agent_key"
    ).fetchall()
    return [
        (key, minute(first), minute(ts), cpu, minute(storage_ts), used, total)
        for key, first, ts, cpu, storage_ts, used, total in found
    ]
