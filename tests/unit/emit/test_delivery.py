"""Outages are waited out; what the broker will never take does not hold up the rest."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, MessageSizeTooLargeError

from emit.batch import MessageBatch, Packer
from emit.buffer import Buffer
from emit.connection import BrokerConnection
from emit.delivery import Delivery
from emit.sender import ReconnectingSender
from emit.stats import Totals
from schemas.events import Event, Payment
from tests.unit.emit.clocks import FakeClock
from tests.unit.emit.events import a_payment

Refuses = Callable[[MessageBatch], BaseException | None]


class Broker:
    """Refuses with `failures`, one a connection, then takes what `refuses` lets through."""

    def __init__(self, *failures: Exception, refuses: Refuses = lambda batch: None) -> None:
        self._failures = list(failures)
        self._refuses = refuses
        self.taken: list[Event] = []
        self.connections = 0
        self.connected = asyncio.Event()
        self.hung_up = 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[BrokerConnection]:
        self.connections += 1
        if self._failures:
            raise self._failures.pop(0)
        self.connected.set()
        try:
            yield self
        finally:
            self.hung_up += 1

    async def deliver(self, batches: list[MessageBatch]) -> list[BaseException | None]:
        outcomes = [self._refuses(batch) for batch in batches]
        for batch, error in zip(batches, outcomes, strict=True):
            self.taken += [] if error else batch.events
        return outcomes


def payments(number: int, user_id: str = "ada") -> list[Event]:
    return [a_payment(payment_id=f"p{n}", user_id=user_id) for n in range(number)]


async def delivered(broker: Broker, events: list[Event]) -> Totals:
    buffer = Buffer(100_000)
    sender = ReconnectingSender(
        Packer("s", "e", "json", 512 * 1_024), broker.connect, FakeClock(), buffer
    )
    delivery = Delivery(buffer, sender)
    for event in events:
        delivery.put(event)
    delivery.close()
    await asyncio.wait_for(delivery.run(), 5)
    return buffer.totals


async def test_all_is_delivered_in_order_over_one_connection() -> None:
    broker = Broker()
    totals = await delivered(broker, payments(12_000))
    assert (broker.taken, broker.connections) == (payments(12_000), 1)
    assert totals == Totals(accepted=12_000, acknowledged=12_000)


@pytest.mark.parametrize("failure", [KafkaConnectionError("away"), OSError("refused")])
async def test_a_broker_that_is_away_is_asked_again(failure: Exception) -> None:
    broker = Broker(failure, failure)
    await delivered(broker, payments(2))
    assert (broker.taken, broker.connections) == (payments(2), 3)


async def test_only_what_was_not_acknowledged_is_sent_again() -> None:
    failures = [KafkaTimeoutError()]

    def once_not_for_bob(batch: MessageBatch) -> BaseException | None:
        return failures.pop() if failures and batch.key == b"bob" else None

    broker = Broker(refuses=once_not_for_bob)
    totals = await delivered(broker, payments(2, "bob") + payments(2, "ada"))
    assert broker.taken == payments(2, "ada") + payments(2, "bob")
    assert (broker.connections, totals.acknowledged) == (2, 4)


async def test_a_message_too_large_for_the_broker_is_halved() -> None:
    def at_most_three(batch: MessageBatch) -> BaseException | None:
        return MessageSizeTooLargeError() if len(batch.events) > 3 else None

    broker = Broker(refuses=at_most_three)
    await delivered(broker, payments(10))
    assert sorted(broker.taken, key=number) == payments(10)


async def test_an_event_too_large_for_the_broker_is_dropped_alone() -> None:
    def not_the_fifth(batch: MessageBatch) -> BaseException | None:
        return MessageSizeTooLargeError() if payments(5)[4] in batch.events else None

    broker = Broker(refuses=not_the_fifth)
    totals = await delivered(broker, payments(10))
    assert [number(event) for event in broker.taken if number(event) == 4] == []
    assert totals == Totals(accepted=10, acknowledged=9, dropped_events=1)


async def test_a_connection_is_made_before_the_first_event_and_closed_in_the_end() -> None:
    broker, buffer = Broker(), Buffer(10)
    sender = ReconnectingSender(
        Packer("s", "e", "json", 512 * 1_024), broker.connect, FakeClock(), buffer
    )
    running = asyncio.create_task(Delivery(buffer, sender).run())
    await asyncio.wait_for(broker.connected.wait(), 5)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert (broker.connections, broker.hung_up) == (1, 1)


def number(event: Event) -> int:
    assert isinstance(event, Payment)
    return int(event.payment_id[1:])
