"""Messages that no agent would send: arbitrary bytes, and valid messages with random changes.

Hypothesis strategies, and `random_value` for tests with their own seed.
"""

import json
import random
from collections.abc import Callable
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from ingest.record import Record

NOW: Final = "2026-03-01T12:00:00Z"
NOW_MS: Final = 1_772_366_400_000
Headers = tuple[tuple[str, bytes | None], ...]

_OF_AGENT: Final = {"userId": "u", "agentId": "a", "ts": NOW}
EVENTS: Final[list[dict[str, Any]]] = [
    {"type": "sample", **_OF_AGENT, "cpu": 1.5, "memory": 2, "messages": 3, "errors": 0,
     "responseMs": 10.25, "storageUsedMb": 1, "storageTotalMb": 2},
    {"type": "sample", **_OF_AGENT, "cpu": 1.5, "memory": 2, "messages": 3, "errors": 0},
    {"type": "status", **_OF_AGENT, "status": "failed", "reason": "out of memory"},
    {"type": "deployment", **_OF_AGENT, "deploymentId": "d", "status": "pending"},
    {"type": "payment", "userId": "u", "paymentId": "p", "ts": NOW, "amount": 5, "currency": "EUR"},
    {"type": "booking", "userId": "u", "bookingId": "b", "ts": NOW, "status": "pending"},
    {"type": "fan", "userId": "u", "fanId": "f", "ts": NOW, "segment": "new"},
    {"type": "play", "userId": "u", "playId": "p", "listenerId": "l", "ts": NOW, "count": 2},
    {"type": "skill", "userId": "u", "skillId": "s", "ts": NOW, "active": True},
]  # fmt: skip
TIMES: Final = [
    NOW, "2026-03-01t12:00:00z", "2026-03-01 12:00:00Z", "2026-03-01T12:00:00.1Z",
    "2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.1234567890Z",
    "2026-03-01T17:45:00+05:45",
    "2026-03-01T12:00:00-00:00", "2026-03-01T12:00:60Z", "2026-03-01T24:00:00Z",
    "2026-03-01T12:00:00", "2026-03-01T12:00:00+0100", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-01-29T12:00:00Z", "2026-01-29T11:59:59Z",
    "2026-03-01T12:05:00Z", "2026-03-01T12:05:00.000001Z", "2026-02-29T00:00:00Z", "now", "",
]  # fmt: skip
VALUES: Final[list[Any]] = [
    None, True, False, "", ".", "..", "...", "a b", "a\n", "é", "\0", "sample", "status", "running",
    "5", 0, 1, -1, 5.0, 5.5, -0.0, 100, 100.1, 1e9, 10**9 + 1, 2**53 + 1, 2**63, 2**64, -(2**63),
    1e400, 86_400_000, [], {}, [1], {"type": "sample"}, "x" * 129, "x" * 1_001, *TIMES,
]  # fmt: skip
# Replacements for a number's text in JSON.
NUMBERS: Final = [
    b"5.0", b"1e3", b"1E+2", b"100e-2", b"-0.0", b"05", b"5.", b".5", b"+5", b"1e400", b"1e-400",
    b"9223372036854775807.0", b"NaN", b"Infinity", b"0x10", b"1_000", b'"5"', b"1" * 400,
    b"0e99999999999999999999", b"1e99999999999999999999",
]  # fmt: skip
BITS: Final = [
    b'{"type":""}', b'"type":"",', b'"type":"sample",', b'"cpu":1,', b'"\\u0063pu":1,', b"\\ud800",
    b"\\u0000", b"\xff", b"\xed\xa0\x80", b"\0", b"\n", b" ", b"\xef\xbb\xbf", b"[" * 900, b"{}",
    b'"', b"\\", b",", b"]", b"}", b"null", b"\xc0", b"\x91" * 900, *NUMBERS,
]  # fmt: skip


@st.composite
def _events(draw: st.DrawFn) -> dict[str, Any]:
    """An event with some fields changed, removed or added."""
    event = dict(draw(st.sampled_from(EVENTS)))
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([*event, "type", "reason", "x", ""]))
        if draw(st.booleans()):
            event[name] = draw(st.sampled_from(VALUES))
        else:
            event.pop(name, None)
    return event


@st.composite
def _changed(draw: st.DrawFn, value: bytes) -> bytes:
    """The value with bytes inserted or removed in some places."""
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        at = draw(st.integers(0, len(value)))
        gone = draw(st.sampled_from([0, 0, 1, 5, 1_000]))
        put = draw(st.sampled_from(BITS) | st.binary(max_size=3))
        value = value[:at] + put + value[at + gone :]
    return value


@st.composite
def _json(draw: st.DrawFn) -> bytes:
    events = draw(st.lists(_events(), min_size=1, max_size=3))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:")]))
    message = events if len(events) > 1 or draw(st.booleans()) else events[0]
    value = json.dumps(message, separators=separators, ensure_ascii=draw(st.booleans())).encode()
    number = draw(st.none() | st.sampled_from(NUMBERS))
    if number is not None:
        old = draw(st.sampled_from([b"1.5", b"3", b"10.25", b"2", b"5"]))
        value = value.replace(old, number, 1)
    return draw(_changed(value))


@st.composite
def _packed(draw: st.DrawFn) -> bytes:
    events = draw(st.lists(_events(), min_size=1, max_size=3))
    try:
        value = msgspec.msgpack.encode(events if len(events) > 1 else events[0])
    except OverflowError:
        # An integer too large for MessagePack.
        value = b"\x80"
    return draw(_changed(value))


_PACKED: Final = b"application/msgpack"
HEADERS: Final[list[Headers]] = [
    (),
    (("content-type", _PACKED),),
    (("Content-Type", b" application/MSGPACK ; v=1"),),
    (("content-type", b"application/json"),),
    (("content-type", None),),
    (("content-type", b""), ("content-type", _PACKED)),
    (("", b""), ("x" * 300, b"\xff" * 300)),
    (("fleetgauge.reason", b"invalid"), ("__connect.errors.topic", None)),
]
TIMESTAMPS: Final = [-(2**63), -100_000_000_000_000, -1, 0, 253_402_300_799_999, 2**63 - 1]


def records() -> st.SearchStrategy[Record]:
    """Records at offset 0 with any value, key, headers and timestamp."""
    values = st.none() | st.binary(max_size=64) | _json() | _json() | _packed()
    return st.builds(
        Record,
        st.just("fleet.samples"),
        st.just(0),
        st.just(0),
        st.just(NOW_MS) | st.sampled_from(TIMESTAMPS),
        st.none() | st.binary(max_size=8),
        values,
        st.just(()) | st.sampled_from(HEADERS),
    )


def random_value(rng: random.Random) -> bytes:
    """Invalid bytes: random ones, or a valid message with some bytes changed."""
    makers: list[Callable[[], bytes]] = [
        lambda: rng.randbytes(rng.randrange(200)),
        lambda: _spoiled(rng, json.dumps(rng.choice(EVENTS)).encode()),
        lambda: _spoiled(rng, msgspec.msgpack.encode(rng.choice(EVENTS))),
        lambda: rng.choice(BITS),
    ]
    return rng.choice(makers)()


def _spoiled(rng: random.Random, value: bytes) -> bytes:
    at = rng.randrange(len(value))
    return value[:at] + rng.choice([*BITS, rng.randbytes(2)]) + value[at + rng.randrange(3) :]
