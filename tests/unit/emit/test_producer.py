"""Outages are waited out; nothing that was not acknowledged is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
)

from emit.outbox import Outbox, Waiting
from emit.producer import FIRST_PAUSE_S, LONGEST_PAUSE_S, Link, pump
from tests.unit.emit.clocks import FakeClock


class Broker:
    """Refuses with `failures`, one a connection, then takes everything."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.taken: list[bytes] = []
        self.connections = 0

    async def deliver(self, messages: list[Waiting]) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.taken += [message.value for message in messages]

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        self.connections += 1
        yield self


async def pumped(broker: Broker, clock: FakeClock) -> Outbox:
    """Two messages pumped until both are acknowledged."""
    outbox = Outbox(10)
    outbox.put(b"agent", b"1")
    outbox.put(b"agent", b"2")
    pumping = asyncio.ensure_future(pump(outbox, broker.connect, clock))
    await asyncio.wait_for(outbox.emptied(), 5)
    pumping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pumping
    return outbox


async def test_messages_arrive_in_order() -> None:
    broker = Broker()
    await pumped(broker, FakeClock())
    assert (broker.taken, broker.connections) == ([b"1", b"2"], 1)


@pytest.mark.parametrize(
    "failure", [KafkaConnectionError("away"), KafkaTimeoutError(), ConnectionResetError("gone")]
)
async def test_a_failure_makes_a_new_connection_and_sends_again(failure: Exception) -> None:
    broker = Broker(failure)
    await pumped(broker, FakeClock())
    assert (broker.taken, broker.connections) == ([b"1", b"2"], 2)


async def test_pauses_grow_to_a_limit() -> None:
    clock = FakeClock()
    await pumped(Broker(*[KafkaConnectionError("away")] * 6), clock)
    pauses = [b - a for a, b in zip([0.0, *clock.slept_until], clock.slept_until, strict=False)]
    assert pauses == [FIRST_PAUSE_S, 1.0, 2.0, 4.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
