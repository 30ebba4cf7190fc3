"""Outages are waited out: what was acknowledged is not sent again, all else is."""

import asyncio
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
from structlog.testing import capture_logs

from emit.batch import Batch, Packer
from emit.channel import FIRST_PAUSE_S, LONGEST_PAUSE_S, Channel
from emit.delivery import Link
from schemas.events import Event, Skill
from tests.unit.emit.clocks import START, FakeClock


class Broker:
    """Answers with `answers`, one a batch, then takes everything; keeps what it took."""

    def __init__(self, *answers: BaseException | None) -> None:
        self._answers = list(answers)
        self.taken: list[Batch] = []
        self.connections = 0
        self.hung_up = 0

    async def deliver(self, batches: list[Batch]) -> list[BaseException | None]:
        return [self._answer(batch) for batch in batches]

    def _answer(self, batch: Batch) -> BaseException | None:
        answer = self._answers.pop(0) if self._answers else None
        if answer is None:
            self.taken.append(batch)
        return answer

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        self.connections += 1
        try:
            yield self
        finally:
            self.hung_up += 1


class Silent(Broker):
    """Never answers."""

    async def deliver(self, batches: list[Batch]) -> list[BaseException | None]:
        return await asyncio.Future()


def channel(broker: Broker, clock: FakeClock | None = None) -> Channel:
    packer = Packer("samples", "events", "json", 100_000)
    return Channel(packer, broker.connect, clock or FakeClock())


def skill(user: str, n: int = 0) -> Event:
    return Skill(user_id=user, ts=START, skill_id=f"s{n}", active=True)


def keys(broker: Broker) -> list[bytes]:
    return [batch.key for batch in broker.taken]


async def test_all_is_acknowledged_when_send_returns() -> None:
    broker = Broker()
    sending = channel(broker)
    await sending.send([skill("ada"), skill("bob"), skill("ada", 1)])
    await sending.send([skill("bob")])
    assert keys(broker) == [b"ada", b"bob", b"bob"]
    assert (sending.acknowledged, broker.connections) == (4, 1)
    assert await sending.close(1) == 0
    assert broker.hung_up == 1


@pytest.mark.parametrize(
    "failure", [KafkaConnectionError("away"), KafkaTimeoutError(), ConnectionResetError("gone")]
)
async def test_only_what_failed_is_sent_again_over_a_new_link(failure: Exception) -> None:
    broker = Broker(None, failure, None)
    sending = channel(broker)
    await sending.send([skill("ada"), skill("bob"), skill("eve")])
    assert keys(broker) == [b"ada", b"eve", b"bob"]
    assert (sending.acknowledged, broker.connections) == (3, 2)


async def test_pauses_grow_to_a_limit_and_are_told() -> None:
    clock = FakeClock()
    sending = channel(Broker(*[KafkaConnectionError("away")] * 6), clock)
    with capture_logs() as told:
        await sending.send([skill("ada")])
    assert [line["retry_in_s"] for line in told if "retry_in_s" in line] == [
        *(FIRST_PAUSE_S, 1.0, 2.0, 4.0),
        *(LONGEST_PAUSE_S, LONGEST_PAUSE_S),
    ]
    assert told[1]["error"] == "no broker answers there"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (UnknownTopicOrPartitionError(), "there is no such topic; `fleetgauge migrate` creates it"),
        (OSError("no route"), "no route"),
        (OSError(), "OSError"),
    ],
)
async def test_the_reason_is_told(failure: Exception, words: str) -> None:
    sending = channel(Broker(failure))
    with capture_logs() as told:
        await sending.send([skill("ada")])
    assert words in [line.get("error") for line in told]


async def test_what_is_too_large_goes_in_halves() -> None:
    broker = Broker(MessageSizeTooLargeError())
    sending = channel(broker)
    await sending.send([skill("ada", n) for n in range(5)])
    assert [len(batch.events) for batch in broker.taken] == [2, 3]
    assert sending.acknowledged == 5


async def test_closing_finishes_what_is_being_sent() -> None:
    broker = Broker(KafkaConnectionError("away"))
    sending = channel(broker)
    work = asyncio.create_task(sending.send([skill("ada")]))
    await asyncio.sleep(0)
    work.cancel()
    assert await sending.close(5) == 0
    assert msgspec.json.decode(broker.taken[0].value, type=Event) == skill("ada")


async def test_closing_tells_how_much_a_silent_broker_has_not_acknowledged() -> None:
    broker = Silent()
    sending = channel(broker)
    work = asyncio.create_task(sending.send([skill("ada"), skill("bob"), skill("ada", 1)]))
    await asyncio.sleep(0)
    work.cancel()
    assert await sending.close(0.01) == 3
    assert broker.hung_up == 1


async def test_closing_what_never_sent() -> None:
    assert await channel(Broker()).close(1) == 0
