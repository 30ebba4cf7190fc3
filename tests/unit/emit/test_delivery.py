"""Outages are waited out; what the broker will never take does not hold up the rest."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, MessageSizeTooLargeError

from emit.batch import Batch, Packer
from emit.buffer import Buffer, Totals
from emit.delivery import FIRST_PAUSE_S, LONGEST_PAUSE_S, Delivery, Link
from schemas.events import Event, Payment
from tests.unit.emit.clocks import FakeClock
from tests.unit.emit.events import a_payment

Refuses = Callable[[Batch], BaseException | None]


class Broker:
    """Refuses with `failures`, one a connection, then takes what `refuses` lets through."""

    def __init__(self, *failures: Exception, refuses: Refuses = lambda batch: None) -> None:
        self._failures = list(failures)
        self._refuses = refuses
        self.taken: list[Event] = []
        self.connections = 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        self.connections += 1
        if self._failures:
            raise self._failures.pop(0)
        yield self

    async def deliver(self, batches: list[Batch]) -> list[BaseException | None]:
        outcomes = [self._refuses(batch) for batch in batches]
        for batch, error in zip(batches, outcomes, strict=True):
            self.taken += [] if error else batch.events
        return outcomes


def payments(number: int, user_id: str = "ada") -> list[Event]:
    return [a_payment(payment_id=f"p{n}", user_id=user_id) for n in range(number)]


async def delivered(broker: Broker, events: list[Event], clock: FakeClock) -> Totals:
    buffer = Buffer(100_000)
    for event in events:
        buffer.put(event)
    buffer.close()
    delivery = Delivery(buffer, Packer("s", "e", "json", 512 * 1_024), broker.connect, clock)
    delivery.arrived.set()
    delivery.due.set()
    await asyncio.wait_for(delivery.run(), 5)
    return buffer.totals


async def test_all_is_delivered_in_order_over_one_connection() -> None:
    broker = Broker()
    totals = await delivered(broker, payments(12_000), FakeClock())
    assert (broker.taken, broker.connections) == (payments(12_000), 1)
    assert totals == Totals(accepted=12_000, acknowledged=12_000)


@pytest.mark.parametrize("failure", [KafkaConnectionError("away"), OSError("refused")])
async def test_a_broker_that_is_away_is_asked_again(failure: Exception) -> None:
    broker = Broker(failure, failure)
    await delivered(broker, payments(2), FakeClock())
    assert (broker.taken, broker.connections) == (payments(2), 3)


async def test_pauses_grow_to_a_limit() -> None:
    clock = FakeClock()
    await delivered(Broker(*[KafkaConnectionError("away")] * 7), payments(1), clock)
    pauses = [b - a for a, b in zip([0.0, *clock.slept_until], clock.slept_until, strict=False)]
    assert pauses == [FIRST_PAUSE_S, 0.5, 1.0, 2.0, 4.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


async def test_only_what_was_not_acknowledged_is_sent_again() -> None:
    failures = [KafkaTimeoutError()]

    def once_not_for_bob(batch: Batch) -> BaseException | None:
        return failures.pop() if failures and batch.key == b"bob" else None

    broker = Broker(refuses=once_not_for_bob)
    totals = await delivered(broker, payments(2, "bob") + payments(2, "ada"), FakeClock())
    assert broker.taken == payments(2, "ada") + payments(2, "bob")
    assert (broker.connections, totals.acknowledged) == (2, 4)


async def test_a_message_too_large_for_the_broker_is_halved() -> None:
    def at_most_three(batch: Batch) -> BaseException | None:
        return MessageSizeTooLargeError() if len(batch.events) > 3 else None

    broker = Broker(refuses=at_most_three)
    await delivered(broker, payments(10), FakeClock())
    assert sorted(broker.taken, key=number) == payments(10)


async def test_an_event_too_large_for_the_broker_is_dropped_alone() -> None:
    def not_the_fifth(batch: Batch) -> BaseException | None:
        return MessageSizeTooLargeError() if payments(5)[4] in batch.events else None

    broker = Broker(refuses=not_the_fifth)
    totals = await delivered(broker, payments(10), FakeClock())
    assert [number(event) for event in broker.taken if number(event) == 4] == []
    assert totals == Totals(accepted=10, acknowledged=9, dropped_events=1)


async def test_an_outage_is_told_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "emit.delivery")
    await delivered(Broker(*[KafkaConnectionError("away")] * 5), payments(1), FakeClock())
    assert [record.getMessage() for record in caplog.records] == [
        "the broker takes no events, trying again: KafkaConnectionError: away",
        "the broker takes events again; dropped so far: 0 samples, 0 other events",
    ]


def number(event: Event) -> int:
    assert isinstance(event, Payment)
    return int(event.payment_id[1:])
