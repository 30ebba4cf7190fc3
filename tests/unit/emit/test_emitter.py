"""What the emitter refuses, that it never waits, and what its own samples say."""

import re
import time
from threading import Thread
from typing import Any

import pytest

from emit.emitter import Emitter
from tests.unit.emit.clocks import START
from tests.unit.emit.events import a_payment, a_sample

NOWHERE = "127.0.0.1:1"


def an_emitter(**options: Any) -> Emitter:
    return Emitter(**{"bootstrap": NOWHERE, "user_id": "ada", "interval_s": None, **options})


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("bootstrap", "localhost", "bootstrap takes host:port[,host:port…], not 'localhost'"),
        ("bootstrap", "kafka://a:9092", "bootstrap takes host:port"),
        ("user_id", "a b", "user_id takes 1 to 128 of"),
        ("agent_id", "", "agent_id takes 1 to 128 of"),
        ("interval_s", 0.0, "interval_s takes 0.1 to 86400 seconds, not 0.0"),
        ("interval_s", float("nan"), "interval_s takes 0.1 to 86400 seconds, not nan"),
        ("capacity", 0, "capacity takes 1 to inf, not 0"),
        ("close_timeout_s", -1, "close_timeout_s takes 0 to 3600, not -1"),
        ("message_max_bytes", 100, "message_max_bytes takes 16384 to 1048576, not 100"),
        ("encoding", "avro", "encoding takes json or msgpack, not 'avro'"),
    ],
)
def test_bad_options_are_refused(option: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        an_emitter(**{option: value})


@pytest.mark.parametrize("bootstrap", ["a:1", "a.b-c:9092, [::1]:9092", "a:1,b:2"])
def test_addresses_of_brokers_pass(bootstrap: str) -> None:
    assert an_emitter(bootstrap=bootstrap).totals.accepted == 0


def test_a_bad_event_is_refused_at_the_call_and_leaves_nothing() -> None:
    emitter = an_emitter()
    with pytest.raises(ValueError, match=re.escape("Sample.cpu: expected float <= 100.0")):
        emitter.send(a_sample(cpu=101.0))
    assert emitter.totals.accepted == 0


def test_every_emitter_has_an_agent_id_of_its_own() -> None:
    assert an_emitter().agent_id != an_emitter().agent_id
    assert an_emitter(agent_id="mailer").agent_id == "mailer"


def send_samples(emitter: Emitter, number: int) -> None:
    for _ in range(number):
        emitter.send(a_sample())


async def test_a_full_buffer_makes_nobody_wait() -> None:
    emitter = an_emitter(capacity=100)
    begun_s = time.monotonic()
    for number in range(5_000):
        emitter.send(a_payment(payment_id=f"p{number}"))
    thread = Thread(target=send_samples, args=(emitter, 5_000))
    thread.start()
    thread.join(timeout=10)
    assert time.monotonic() - begun_s < 5
    totals = emitter.totals
    assert (totals.accepted, totals.waiting) == (10_000, 100)
    assert totals.dropped_samples + totals.dropped_events == 9_900


async def test_without_a_broker_it_closes_in_time_and_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun_s = time.monotonic()
    async with an_emitter(close_timeout_s=0.2) as emitter:
        emitter.send(a_payment())
    assert time.monotonic() - begun_s < 5
    assert emitter.totals.waiting == 1
    assert "lost 1 events: not acknowledged in time" in caplog.text


async def test_with_nothing_to_send_it_closes_at_once() -> None:
    begun_s = time.monotonic()
    async with an_emitter(close_timeout_s=60):
        pass
    assert time.monotonic() - begun_s < 5


async def test_what_is_closed_takes_no_more_and_starts_no_more() -> None:
    async with an_emitter() as emitter:
        with pytest.raises(RuntimeError, match="starts once"):
            await emitter.start()
    with pytest.raises(RuntimeError, match="the emitter is closed"):
        emitter.send(a_payment())
    assert await emitter.close() == emitter.totals


async def test_closing_takes_a_last_sample() -> None:
    async with an_emitter(interval_s=3_600, close_timeout_s=0) as emitter:
        emitter.meter.add(messages=3)
    assert emitter.totals.accepted == 1
    assert emitter.meter.drain().messages == 0


def test_times_are_aware() -> None:
    with pytest.raises(ValueError, match=r"Payment\.ts: expected datetime with a timezone"):
        an_emitter().send(a_payment(ts=START.replace(tzinfo=None)))
