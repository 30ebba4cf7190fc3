"""Poison among 10,000 good samples: exactly that is dead-lettered unchanged, the rest stored."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.events import Sample
from tests.faults.deadletters import dead_letters
from tests.faults.ledger import Ledger, Message, message
from tests.faults.plugin import Case
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet

pytestmark = pytest.mark.fault(5, "poison in large batches")

NOW = datetime.now(UTC)
FLEET = Fleet(4, 500, NOW, timedelta(minutes=1))
PACKED = (("content-type", b"application/msgpack"),)
SAMPLE: dict[str, Any] = {
    "type": "sample", "userId": "u", "agentId": "poisoned", "ts": NOW.isoformat(),
    "cpu": 1, "memory": 2, "messages": 3, "errors": 0,
}  # fmt: skip
STATUS = {
    "type": "status",
    "userId": "u",
    "agentId": "p",
    "ts": NOW.isoformat(),
    "status": "failed",
}


def sample(**fields: Any) -> bytes:
    return json.dumps(SAMPLE | fields).encode()


def status(**fields: Any) -> bytes:
    return json.dumps(STATUS | fields).encode()


GOOD = sample()
POISON: dict[str, tuple[bytes | None, str]] = {
    "NUL in an id": (sample(agentId="a\0b"), "invalid"),
    "NUL in a text": (status(reason="a\0b"), "invalid"),
    "lone surrogate": (status(reason="\ud800"), "malformed"),
    "half a pair in an id": (sample(userId="\udfff"), "malformed"),
    "NaN": (sample(cpu=float("nan")), "malformed"),
    "Infinity": (sample(memory=float("inf")), "malformed"),
    "past 64 bits": (sample(messages=2**64), "invalid"),
    "far past 64 bits": (sample(errors=10**400), "invalid"),
    "year 294277": (sample(ts="294277-01-09T04:00:54.775807Z"), "invalid"),
    "a megabyte of text": (sample(agentId="a" * 1_000_000), "invalid"),
    "more than a megabyte": (sample(agentId="a" * 1_100_000), "too_large"),
    "deep nesting": (GOOD[:-1] + b',"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "malformed"),
    "wrong types": (sample(cpu="1", messages=[], errors=None), "invalid"),
    "a field twice": (GOOD[:-1] + b',"cpu":2}', "malformed"),
    "a field twice, the same": (status()[:-1] + b', "status" : "failed"}', "malformed"),
    "empty value": (b"", "malformed"),
    "tombstone": (None, "malformed"),
    "bytes": (b"\xff\xfe\0\1", "malformed"),
    "cut short": (GOOD[:-3], "malformed"),
    "future": (sample(ts=(NOW + timedelta(hours=1)).isoformat()), "future"),
    "expired": (sample(ts=(NOW - timedelta(days=40)).isoformat()), "expired"),
}
# What only MessagePack can hold.
PACKED_POISON: dict[str, tuple[bytes, str]] = {
    "infinite": (msgspec.msgpack.encode(SAMPLE | {"responseMs": float("inf")}), "invalid"),
    "no number": (msgspec.msgpack.encode(SAMPLE | {"cpu": float("nan")}), "invalid"),
    "JSON, said to be packed": (GOOD, "invalid"),
    "packed, a field twice": (
        bytes([0x81 + len(SAMPLE)]) + msgspec.msgpack.encode(SAMPLE)[1:] + b"\xa3cpu\x01",
        "malformed",
    ),
}
# What ends as an event does costs an array nothing else.
IN_ARRAYS = [(v, r) for v, r in POISON.values() if v and len(v) < 1_000 and v.endswith(b"}")]
OF_ARRAY = Fleet(1, 1, NOW, timedelta(seconds=1))


def poison(ledger: Ledger) -> list[tuple[Message, str]]:
    """Each once, with the reason it has to be refused for."""
    topic = ledger.topics.samples
    plain = [(Message(topic, value, b"k", [None]), reason) for value, reason in POISON.values()]
    packed = [
        (Message(topic, value, b"k", [None], headers=PACKED), reason)
        for value, reason in PACKED_POISON.values()
    ]
    return plain + packed


def among(ledger: Ledger, samples: list[Sample]) -> Message:
    """An array of these samples, each behind one of IN_ARRAYS."""
    parts: list[bytes] = []
    events: list[Sample | None] = []
    for (value, _), good in zip(IN_ARRAYS, samples, strict=True):
        parts += [value, msgspec.json.encode(good)]
        events += [None, good]
    value = b"[" + b",".join(parts) + b"]"
    return Message(ledger.topics.samples, value, b"k", events, is_array=True)


async def test_exactly_the_poison_is_dead_lettered(
    case: Case,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    expected: list[tuple[Message, str]] = []
    for round_ in range(case.rounds(short=1, long=5)):
        newest = NOW + timedelta(milliseconds=round_)
        samples = replace(FLEET, newest=newest).samples(20, rng)
        singles = poison(ledger)
        others = replace(OF_ARRAY, newest=newest + timedelta(microseconds=1))
        array = among(ledger, others.samples(len(IN_ARRAYS), rng))
        messages = [
            *(message(event, ledger.topics) for event in samples),
            *(one for one, _ in singles),
            array,
        ]
        rng.shuffle(messages)
        await ledger.put(messages)
        expected += [*singles, *((array, reason) for _, reason in IN_ARRAYS)]
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.all_stored()
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    await ledger.settle()
    letters = (await dead_letters(ledger.stack, ledger.topics)).values()
    found = [
        (letter.key, letter.value, dict(letter.headers)["fleetgauge.reason"].decode())
        for letter in letters
    ]
    assert sorted(found, key=repr) == sorted(
        ((one.key, one.value, reason) for one, reason in expected), key=repr
    )
