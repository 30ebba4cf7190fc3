"""What decodes and what does not, as JSON and as MessagePack."""

import json
from typing import Any

import msgspec
import pytest

from schemas.events import Message, Payment, Play, Sample, Status

SAMPLE: dict[str, Any] = {
    "type": "sample",
    "userId": "alice",
    "agentId": "a1",
    "ts": "2026-03-10T14:35:00.123456+01:00",
    "cpu": 12.5,
    "memory": 40,
    "messages": 8,
    "errors": 1,
}
PLAY = {"type": "play", "userId": "u", "ts": SAMPLE["ts"], "playId": "p", "listenerId": "l"}
PAYMENT = {
    "type": "payment",
    "userId": "u",
    "ts": SAMPLE["ts"],
    "paymentId": "p",
    "amount": -5,
    "currency": "EUR",
}
STATUS = {"type": "status", "userId": "u", "agentId": "a", "ts": SAMPLE["ts"], "status": "failed"}


def decode(value: object) -> object:
    return msgspec.json.decode(json.dumps(value), type=Message)


def test_a_sample_decodes() -> None:
    decoded = decode(SAMPLE)
    assert isinstance(decoded, Sample)
    assert (decoded.agent_id, decoded.memory, decoded.response_ms) == ("a1", 40.0, None)
    assert decoded.ts.isoformat() == "2026-03-10T14:35:00.123456+01:00"
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(SAMPLE), type=Message) == decoded


@pytest.mark.parametrize(
    ("value", "kind"), [(PLAY, Play), (PAYMENT, Payment), (STATUS, Status), (SAMPLE, Sample)]
)
def test_the_type_names_the_event(value: dict[str, Any], kind: type) -> None:
    assert isinstance(decode(value), kind)
    assert decode([value, value]) == [decode(value)] * 2


HOLDING = [
    (SAMPLE, {"unknown": {"deep": [None]}}),
    (SAMPLE, {"cpu": 0, "memory": 100}),
    (SAMPLE, {"messages": 1_000_000_000}),
    (SAMPLE, {"responseMs": None, "storageUsedMb": 1e12}),
    (SAMPLE, {"agentId": "A-Z.a_z~0:9@x", "userId": "x" * 128}),
    (PAYMENT, {"amount": -(2**63)}),
    (PAYMENT, {"amount": 2**63 - 1}),
    (STATUS, {"reason": "line\nline"}),
]


@pytest.mark.parametrize(("event", "change"), HOLDING)
def test_holds(event: dict[str, Any], change: dict[str, Any]) -> None:
    decode({**event, **change})


NOT_HOLDING = [
    (SAMPLE, {"type": "smaple"}),
    (SAMPLE, {"type": None}),
    *[
        (SAMPLE, {"userId": value})
        for value in ("", "a\n", "a\0", "a/b", "..\x85", "ä", "a b", "x" * 129, 1, None, "a\ud800")
    ],
    (SAMPLE, {"agentId": "a1\n"}),
    *[
        (SAMPLE, {"ts": value})
        for value in (
            "2026-03-10T14:35:00",
            "2026-03-10",
            "2026-03-10T14:35Z",
            "2026-03-10T14:35:60Z",
            "+294277-01-01T00:00:00Z",
            "now",
            1_773_153_300,
            None,
        )
    ],
    *[(SAMPLE, {"cpu": value}) for value in (-0.1, 100.1, 1e999, "12", True)],
    *[(SAMPLE, {"messages": value}) for value in (-1, 1_000_000_001, 2**63, 2**70, 5.5, "5")],
    (SAMPLE, {"responseMs": 86_400_000.5}),
    (SAMPLE, {"storageTotalMb": -1}),
    (PAYMENT, {"amount": 2**63}),
    (PAYMENT, {"amount": 1.5}),
    *[(PAYMENT, {"currency": value}) for value in ("eur", "EURO", "EUR\n", "", "E R")],
    (PLAY, {"count": -1}),
    (STATUS, {"status": "Running"}),
    (STATUS, {"reason": "a\0"}),
    (STATUS, {"reason": "x" * 1_001}),
]


@pytest.mark.parametrize(("event", "change"), NOT_HOLDING)
def test_does_not_hold(event: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode({**event, **change})


@pytest.mark.parametrize("field", sorted(set(SAMPLE) - {"cpu", "memory"}))
def test_nothing_may_be_missing(field: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode({name: value for name, value in SAMPLE.items() if name != field})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_json_numbers_are_finite(number: str) -> None:
    text = json.dumps(SAMPLE).replace("12.5", number)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(text, type=Message)


@pytest.mark.parametrize("field", ["cpu", "memory", "responseMs", "storageUsedMb"])
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_messagepack_numbers_are_finite(field: str, number: float) -> None:
    encoded = msgspec.msgpack.encode({**SAMPLE, field: number})
    with pytest.raises(msgspec.DecodeError):
        msgspec.msgpack.decode(encoded, type=Message)


def test_an_array_holds_a_thousand_at_most() -> None:
    decode([SAMPLE] * 1_000)
    with pytest.raises(msgspec.DecodeError, match="length <= 1000"):
        decode([SAMPLE] * 1_001)
