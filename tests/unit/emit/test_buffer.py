"""The buffer is bounded, drops the oldest sample first, and accounts for everything."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emit.buffer import Buffer, CarryingSample
from emit.counts import MOST
from emit.stats import Totals
from schemas.events import Event, Sample
from tests.unit.emit.clocks import START
from tests.unit.emit.events import a_payment, a_sample


def at(second: int, **changed: object) -> Sample:
    return a_sample(ts=START + timedelta(seconds=second), **changed)


def filled(capacity: int, *events: Event) -> Buffer:
    buffer = Buffer(capacity)
    for event in events:
        buffer.put(event)
    return buffer


def seconds(events: list[Event]) -> list[float]:
    return [(event.ts - START).total_seconds() for event in events]


def test_events_leave_in_order_and_once() -> None:
    buffer = filled(10, at(1), at(2), at(3))
    assert [seconds(buffer.take(2)), seconds(buffer.take(2)), buffer.take(2)] == [[1, 2], [3], []]


def test_a_full_buffer_drops_the_oldest_and_its_counts_go_with_the_next() -> None:
    buffer = filled(2, at(1, messages=10, errors=4), at(2, messages=5, errors=0), at(3), at(4))
    first, second = buffer.take(10)
    assert isinstance(first, CarryingSample)
    assert (first.messages, first.errors, first.dropped_samples) == (18, 5, 2)
    assert (second, seconds([first])) == (at(4), [3])


def test_counts_go_to_the_same_agent_only() -> None:
    buffer = filled(2, at(1, agent_id="a", messages=10), at(2, agent_id="b"), at(3, agent_id="c"))
    assert buffer.take(10) == [at(2, agent_id="b"), at(3, agent_id="c")]
    buffer.put(at(4, agent_id="a", messages=1))
    (owing,) = buffer.take(10)
    assert isinstance(owing, CarryingSample)
    assert (owing.messages, owing.dropped_samples) == (11, 1)


def test_the_mean_response_time_is_weighed_by_messages() -> None:
    buffer = filled(
        1,
        at(1, messages=30, response_ms=10.0),
        at(2, messages=5, response_ms=None),
        at(3, messages=10, response_ms=50.0),
    )
    (sample,) = buffer.take(1)
    assert isinstance(sample, Sample)
    assert (sample.messages, sample.response_ms) == (45, 20.0)


def test_more_than_a_sample_may_say_waits_for_the_next() -> None:
    buffer = filled(1, at(1, messages=MOST), at(2, messages=7))
    buffer.put(at(3, messages=0))
    said = []
    for second in (4, 5):
        said += buffer.take(1)
        buffer.put(at(second, messages=0))
    assert [sample.messages for sample in said if isinstance(sample, Sample)] == [MOST, 7]


def test_a_sample_goes_before_an_older_event_does() -> None:
    buffer = filled(2, a_payment(), at(1), at(2))
    payment, sample = buffer.take(10)
    assert (payment, seconds([sample])) == (a_payment(), [2])


def test_where_only_events_wait_the_oldest_is_dropped_and_a_sample_reports_it() -> None:
    buffer = filled(2, *[a_payment(payment_id=f"p{n}") for n in range(4)])
    assert buffer.take(10) == [a_payment(payment_id="p2"), a_payment(payment_id="p3")]
    buffer.put(at(1))
    (sample,) = buffer.take(10)
    assert isinstance(sample, CarryingSample)
    assert (sample.dropped_events, sample.dropped_samples) == (2, 0)
    assert buffer.totals.dropped_events == 2


def test_what_is_in_flight_is_not_dropped() -> None:
    buffer = filled(1, at(1))
    buffer.take(1)
    buffer.put(at(2))
    assert buffer.totals == Totals(accepted=2, waiting=2)
    buffer.acknowledged(1)
    assert buffer.totals == Totals(accepted=2, acknowledged=1, waiting=1)


def test_what_the_broker_refuses_counts_as_dropped() -> None:
    buffer = filled(5, at(1, messages=10), at(2))
    (refused,) = buffer.take(1)
    buffer.dropped(refused)
    (following,) = buffer.take(1)
    assert isinstance(following, CarryingSample)
    assert (following.messages, following.dropped_samples) == (13, 1)


def test_it_ends_when_it_is_closed_and_empty() -> None:
    buffer = filled(5, at(1))
    ended = [buffer.ended]
    buffer.close()
    ended.append(buffer.ended)
    buffer.take(1)
    assert [*ended, buffer.ended] == [False, False, True]
    with pytest.raises(RuntimeError, match="closed"):
        buffer.put(at(2))


AGENTS = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sample"), AGENTS, st.integers(0, 50)),
        st.tuples(st.just("payment"), st.just(""), st.just(0)),
        st.tuples(st.just("take"), st.just(""), st.integers(1, 3)),
    ),
    max_size=60,
)


@given(capacity=st.integers(1, 6), steps=STEPS)
def test_nothing_is_lost_that_is_not_counted(
    capacity: int, steps: list[tuple[str, str, int]]
) -> None:
    buffer = Buffer(capacity)
    put: list[Event] = []
    out: list[Event] = []
    for second, (step, agent, number) in enumerate(steps):
        if step == "take":
            taken = buffer.take(number)
            buffer.acknowledged(len(taken))
            out += taken
        else:
            payment = a_payment(payment_id=f"p{second}")
            put.append(at(second, agent_id=agent, messages=number) if agent else payment)
            buffer.put(put[-1])
        totals = buffer.totals
        dropped = totals.dropped_samples + totals.dropped_events
        assert len(buffer) == totals.waiting <= capacity
        assert totals.accepted == totals.acknowledged + dropped + totals.waiting
    out += buffer.take(capacity)
    # One more sample an agent pays what is owed.
    for agent in "abc":
        put.append(at(1_000, agent_id=agent, messages=0))
        buffer.put(put[-1])
        out += buffer.take(1)
    assert reported_drops(out) == (buffer.totals.dropped_samples, buffer.totals.dropped_events)
    for agent in "abc":
        assert messages_of(agent, out) == messages_of(agent, put)
        assert is_in_order([e for e in out if isinstance(e, Sample) and e.agent_id == agent])


def reported_drops(events: list[Event]) -> tuple[int, int]:
    carrying = [event for event in events if isinstance(event, CarryingSample)]
    return sum(c.dropped_samples for c in carrying), sum(c.dropped_events for c in carrying)


def messages_of(agent: str, events: list[Event]) -> int:
    samples = [event for event in events if isinstance(event, Sample)]
    return sum(sample.messages for sample in samples if sample.agent_id == agent)


def is_in_order(events: list[Sample]) -> bool:
    return seconds([*events]) == sorted(seconds([*events]))
