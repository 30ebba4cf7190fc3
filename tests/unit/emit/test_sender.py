"""Outages are waited out: what was acknowledged is not sent again, all else is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    UnknownTopicOrPartitionError,
)

from emit.batch import MessageBatch, Packer
from emit.connection import BrokerConnection
from emit.sender import FIRST_PAUSE_S, LONGEST_PAUSE_S, ReconnectingSender
from emit.stats import DeliveryStats, Totals
from schemas.events import Event, Skill
from tests.unit.emit.clocks import START, FakeClock


class Broker:
    """Answers with `answers`, one a batch, then takes everything; keeps what it took."""

    def __init__(self, *answers: BaseException | None) -> None:
        self._answers = list(answers)
        self.taken: list[MessageBatch] = []
        self.connections = 0
        self.hung_up = 0

    async def deliver(self, batches: list[MessageBatch]) -> list[BaseException | None]:
        return [self._answer(batch) for batch in batches]

    def _answer(self, batch: MessageBatch) -> BaseException | None:
        answer = self._answers.pop(0) if self._answers else None
        if answer is None:
            self.taken.append(batch)
        return answer

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[BrokerConnection]:
        self.connections += 1
        try:
            yield self
        finally:
            self.hung_up += 1


class Torn(Broker):
    """Fails at hanging up too."""

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[BrokerConnection]:
        self.connections += 1
        yield self
        raise ConnectionResetError("gone")


class Silent(Broker):
    """Never answers."""

    async def deliver(self, batches: list[MessageBatch]) -> list[BaseException | None]:
        return await asyncio.Future()


def sender_to(
    broker: Broker, clock: FakeClock | None = None
) -> tuple[ReconnectingSender, DeliveryStats]:
    packer = Packer("samples", "events", "json", 100_000)
    ledger = DeliveryStats()
    return ReconnectingSender(packer, broker.connect, clock or FakeClock(), ledger), ledger


def skill(user: str, n: int = 0) -> Event:
    return Skill(user_id=user, ts=START, skill_id=f"s{n}", active=True)


def keys(broker: Broker) -> list[bytes]:
    return [batch.key for batch in broker.taken]


async def test_nothing_is_left_when_send_returns() -> None:
    broker = Broker()
    sending, ledger = sender_to(broker)
    await sending.send([skill("ada"), skill("bob"), skill("ada", 1)])
    await sending.send([skill("bob")])
    assert keys(broker) == [b"ada", b"bob", b"bob"]
    assert (ledger.totals.acknowledged, broker.connections) == (4, 1)
    await sending.close()
    assert broker.hung_up == 1


async def test_sending_nothing_connects() -> None:
    broker = Broker()
    sending, _ = sender_to(broker)
    await sending.send([])
    await sending.send([skill("ada")])
    assert (keys(broker), broker.connections) == ([b"ada"], 1)


@pytest.mark.parametrize(
    "failure", [KafkaConnectionError("away"), KafkaTimeoutError(), ConnectionResetError("gone")]
)
async def test_only_what_failed_is_sent_again_over_a_new_link(failure: Exception) -> None:
    broker = Broker(None, failure, None)
    sending, ledger = sender_to(broker)
    await sending.send([skill("ada"), skill("bob"), skill("eve")])
    assert keys(broker) == [b"ada", b"eve", b"bob"]
    assert (ledger.totals.acknowledged, broker.connections, broker.hung_up) == (3, 2, 1)


async def test_a_link_that_cannot_even_hang_up_is_replaced() -> None:
    broker = Torn(KafkaConnectionError("away"))
    sending, ledger = sender_to(broker)
    await sending.send([skill("ada")])
    assert (ledger.totals.acknowledged, broker.connections) == (1, 2)


async def test_pauses_grow_to_a_limit_and_restart_after_a_success() -> None:
    clock = FakeClock()
    away: list[BaseException | None] = [KafkaConnectionError("away")] * 7
    sending, _ = sender_to(Broker(*away, None, KafkaConnectionError("away")), clock)
    await sending.send([skill("ada")])
    await sending.send([skill("ada")])
    pauses = [b - a for a, b in zip([0.0, *clock.slept_until], clock.slept_until, strict=False)]
    assert pauses == [FIRST_PAUSE_S, 0.5, 1, 2, 4, LONGEST_PAUSE_S, LONGEST_PAUSE_S, FIRST_PAUSE_S]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            UnknownTopicOrPartitionError(),
            "the topic does not exist; `fleetgauge migrate` creates it",
        ),
        (KafkaTimeoutError(), "the broker does not answer in time"),
        (KafkaConnectionError("no broker answers at a:1"), "no broker answers at a:1"),
        (OSError("no route"), "no route"),
        (OSError(), "OSError"),
    ],
)
async def test_an_outage_and_its_end_are_logged_once_with_the_reason(
    failure: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "emit.sender")
    sending, _ = sender_to(Broker(*[failure] * 5))
    await sending.send([skill("ada")])
    messages = [record.getMessage() for record in caplog.records]
    assert [line for line in messages if line != "connected to the broker"] == [
        f"cannot send events, retrying: {words}",
        "sending events again; dropped so far: 0 samples, 0 other events",
    ]
    assert messages.count("connected to the broker") == 6


async def test_another_error_of_the_same_outage_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "emit.sender")
    sending, _ = sender_to(Broker(KafkaTimeoutError(), KafkaConnectionError("away")))
    await sending.send([skill("ada")])
    reasons = [record.getMessage().rpartition(": ")[2] for record in caplog.records]
    assert reasons[:2] == ["the broker does not answer in time", "away"]


async def test_what_is_too_large_goes_in_halves() -> None:
    broker = Broker(MessageSizeTooLargeError())
    sending, ledger = sender_to(broker)
    await sending.send([skill("ada", n) for n in range(5)])
    assert [len(batch.events) for batch in broker.taken] == [2, 3]
    assert ledger.totals.acknowledged == 5


async def test_closing_finishes_what_is_being_sent() -> None:
    broker = Broker(KafkaConnectionError("away"))
    sending, ledger = sender_to(broker)
    ledger.accepted(1)
    work = asyncio.create_task(sending.send([skill("ada")]))
    await asyncio.sleep(0)
    work.cancel()
    await sending.close(5)
    assert msgspec.json.decode(broker.taken[0].value, type=Event) == skill("ada")
    assert ledger.totals == Totals(accepted=1, acknowledged=1)


async def test_closing_leaves_what_a_silent_broker_has_not_acknowledged() -> None:
    broker = Silent()
    sending, ledger = sender_to(broker)
    ledger.accepted(3)
    work = asyncio.create_task(sending.send([skill("ada"), skill("bob"), skill("ada", 1)]))
    await asyncio.sleep(0)
    work.cancel()
    await sending.close(0.01)
    assert ledger.totals == Totals(accepted=3, waiting=3)
    assert broker.hung_up == 1


async def test_closing_what_never_sent() -> None:
    broker = Broker()
    await sender_to(broker)[0].close(1)
    assert (broker.connections, broker.hung_up) == (0, 0)
