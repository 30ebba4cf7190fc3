"""Keys joined, repeats settled, order; against a plain model."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.batch import AgentKeys, Decoded, agent_name, by_type
from ingest.writing.batchbuilder import agents_of, build_batch
from schemas.events import Deployment, Event, Payment, Sample, Status
from tests.unit.ingest.records import NOON, decoded, sample

US = timedelta(microseconds=1)
KEYS = AgentKeys({"alice/a1": 7, "alice/a2": 3, "bob/a1": 5})


def payment(ts: datetime) -> Payment:
    return Payment(user_id="alice", payment_id="p", ts=ts, amount=1, currency="EUR")


def test_agents_of_samples_and_of_events_that_name_one() -> None:
    events: list[Event] = [
        sample(agent="alice/a1"),
        sample(agent="alice/a1"),
        Status(user_id="bob", agent_id="a1", ts=NOON, status="running"),
        Deployment(user_id="eve", agent_id="a9", deployment_id="d", ts=NOON, status="pending"),
        payment(NOON),
    ]
    assert agents_of(decoded(events)) == {"alice/a1", "bob/a1", "eve/a9"}


def test_repeats_keep_the_first_and_are_counted() -> None:
    batch = build_batch(decoded([sample(cpu=1), sample(cpu=2), sample(NOON + US, cpu=3)]), KEYS)
    assert batch.samples["cpu"].to_list() == [1, 3]
    assert batch.repeats == 1


def test_one_agent_id_under_two_users_is_two_agents() -> None:
    batch = build_batch(decoded([sample(agent="alice/a1"), sample(agent="bob/a1")]), KEYS)
    assert batch.samples["agent_key"].to_list() == [5, 7]
    assert batch.repeats == 0


def test_missing_values_are_null() -> None:
    batch = build_batch(decoded([sample(response_ms=0.0), sample(NOON + US)]), KEYS)
    assert batch.samples["response_ms"].to_list() == [0, None]
    assert batch.samples["storage_used_mb"].null_count() == 2


def test_greatest_values_fit() -> None:
    most: dict[str, Any] = {"cpu": 100, "memory": 100, "messages": 10**9, "errors": 10**9}
    batch = build_batch(
        decoded([sample(**most, response_ms=86_400_000, storage_total_mb=1e12)]), KEYS
    )
    (row,) = batch.samples.select(*most, "response_ms", "storage_total_mb").rows()
    assert row == (100, 100, 10**9, 10**9, 86_400_000, np.float32(1e12))


def test_nothing_to_shape() -> None:
    batch = build_batch(Decoded(), AgentKeys())
    assert (batch.samples.height, batch.events) == (0, {})


def test_events_are_grouped_by_type_in_order() -> None:
    first, second = payment(NOON), payment(NOON + US)
    assert by_type([first, sample(), second]) == {"payment": [first, second], "sample": [sample()]}


def model(samples: list[Sample]) -> dict[tuple[int, int], Sample]:
    """Rows by key and time, after samples came one by one."""
    rows: dict[tuple[int, int], Sample] = {}
    for one in samples:
        ts = (one.ts - datetime(1970, 1, 1, tzinfo=UTC)) // US
        rows.setdefault((KEYS[agent_name(one.user_id, one.agent_id)], ts), one)
    return rows


# Wholes, for 32 bits hold them exactly.
wholes = st.integers(0, 100).map(float)
maybe = st.none() | wholes
samples = st.builds(
    lambda agent, by, **values: sample(NOON + by * US, agent, **values),
    st.sampled_from(["alice/a1", "alice/a2", "bob/a1"]),
    st.integers(-5, 5) | st.integers(-(10**12), 10**8),
    cpu=maybe,
    memory=maybe,
    messages=st.integers(0, 10**9),
    response_ms=maybe,
    storage_used_mb=maybe,
    storage_total_mb=maybe,
)


@given(st.lists(samples, max_size=30))
def test_shape_is_as_the_model(found: list[Sample]) -> None:
    batch = build_batch(decoded(found), KEYS)
    rows = model(found)
    assert rows_of(batch.samples, "agent_key", "ts", "cpu", "messages", "response_ms") == [
        (key, ts, one.cpu, one.messages, one.response_ms) for (key, ts), one in sorted_rows(rows)
    ]
    assert batch.repeats == len(found) - len(rows)


def rows_of(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return frame.select(columns).rows()


def sorted_rows(rows: dict[tuple[int, int], Sample]) -> list[tuple[tuple[int, int], Sample]]:
    return sorted(rows.items(), key=lambda row: row[0])
