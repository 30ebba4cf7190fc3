"""Every kind of value a record can have, and what becomes of it."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ingest.decoding.message import MSGPACK, decode_message
from schemas.events import Sample, Status
from tests.unit.ingest.records import SAMPLE, STATUS, record

MAX_BYTES = 1024**2
pack = msgspec.msgpack.encode

GOOD = json.dumps(SAMPLE).encode()
REASON = json.dumps(STATUS | {"reason": "WHY"}).encode()
DEEP = GOOD[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
SURROGATE = REASON.replace(b"WHY", b"\\ud800")
BAD_UTF8 = REASON.replace(b"WHY", b"\xff")
PACKED_BAD_UTF8 = pack(STATUS | {"reason": "WHY"}).replace(b"WHY", b"\xed\xa0\x80")
EXT_OUT_OF_RANGE = msgspec.msgpack.Ext(-1, b"\0\0\0\0" + (2**62).to_bytes(8, "big"))


def sample(**fields: Any) -> bytes:
    return json.dumps(SAMPLE | fields).encode()


def status(**fields: Any) -> bytes:
    return json.dumps(STATUS | fields).encode()


def amount(units: int) -> bytes:
    event = {"type": "payment", "userId": "u", "paymentId": "p", "ts": SAMPLE["ts"]}
    return json.dumps(event | {"amount": units, "currency": "EUR"}).encode()


def pack_pairs(pairs: Sequence[tuple[str, Any]], head: bytes = b"") -> bytes:
    """A map from pairs: a name may repeat, and the map may have any header."""
    return (head or bytes([0x80 | len(pairs)])) + b"".join(pack(n) + pack(v) for n, v in pairs)


def array(*parts: bytes) -> bytes:
    return b"[" + b",".join(parts) + b"]"


def outcome(
    value: bytes | None, content_type: bytes | None = None
) -> tuple[list[int | None], list[tuple[str, int | None]]]:
    """The places of the events taken; reason and place of those refused."""
    headers = [] if content_type is None else [("content-type", content_type)]
    events, rejections = decode_message(record(value, headers=headers), MAX_BYTES)
    return [origin.index for _, origin in events], [
        (rejection.reason, rejection.origin.index) for rejection in rejections
    ]


TAKEN = [
    ("one", GOOD),
    ("spaces around", b" \n" + GOOD + b" "),
    ("unknown field", sample(colour="red")),
    ("offset in time", sample(ts="2026-03-01T14:00:00.123456+02:00")),
    ("year 1, east", sample(ts="0001-01-01T00:00:00+14:00")),
    ("least amount", amount(-(2**63))),
    ("greatest amount", amount(2**63 - 1)),
    ("whole number for a real", sample(cpu=100)),
    ("longest id", sample(agentId="a" * 128)),
    ("without CPU", json.dumps({k: v for k, v in SAMPLE.items() if k != "cpu"}).encode()),
    ("memory that is null", sample(memory=None)),
    ("dots in an id", sample(agentId="...", userId=".a")),
    ("a zero fraction", sample(messages=5.0)),
    ("an exponent", GOOD.replace(b'"messages": 3', b'"messages": 1e3')),
    ("a negative zero", GOOD.replace(b'"errors": 0', b'"errors": -0.0')),
    ("the greatest amount with a fraction", amount(2**63 - 1).replace(b"807", b"807.0")),
    ("bytes that are no text, in an unknown field", BAD_UTF8.replace(b'"reason"', b'"x"')),
]


@pytest.mark.parametrize("value", [v for _, v in TAKEN], ids=[name for name, _ in TAKEN])
def test_taken(value: bytes) -> None:
    assert outcome(value) == ([None], [])


REFUSED = [
    ("tombstone", None, "malformed"),
    ("empty", b"", "malformed"),
    ("not JSON", b"hello", "malformed"),
    ("cut short", GOOD[:-5], "malformed"),
    ("trailing bytes", GOOD + b"x", "malformed"),
    ("byte order mark", b"\xef\xbb\xbf" + GOOD, "malformed"),
    ("NaN", sample(cpu=float("nan")), "malformed"),
    ("Infinity", sample(responseMs=float("inf")), "malformed"),
    ("lone surrogate", SURROGATE, "malformed"),
    ("bad UTF-8", BAD_UTF8, "malformed"),
    ("deep nesting", DEEP, "malformed"),
    ("a field twice", GOOD[:-1] + b',"cpu":1}', "malformed"),
    ("a field twice, the same", status()[:-1] + b',"status":"running"}', "malformed"),
    ("another type as well", GOOD[:-1] + b',"type":"status"}', "invalid"),
    ("null", b"null", "invalid"),
    ("number", b"7", "invalid"),
    ("no type", json.dumps({k: v for k, v in SAMPLE.items() if k != "type"}).encode(), "invalid"),
    ("unknown type", sample(type="metric"), "invalid"),
    ("missing field", json.dumps({k: v for k, v in SAMPLE.items() if k != "errors"}).encode(),
     "invalid"),
    ("wrong type", sample(cpu="high"), "invalid"),
    ("boolean for a count", sample(messages=True), "invalid"),
    ("real for a count", sample(messages=5.5), "invalid"),
    ("negative", sample(errors=-1), "invalid"),
    ("over 100 %", sample(memory=100.1), "invalid"),
    ("over the maximum", sample(messages=1_000_000_001), "invalid"),
    ("past 64 bits", sample(messages=2**70), "invalid"),
    ("amount past 64 bits", amount(2**63), "invalid"),
    ("amount below 64 bits", amount(-(2**63) - 1), "invalid"),
    ("past a double", GOOD.replace(b"12.5", b"1e400"), "invalid"),
    ("400 digits", GOOD.replace(b"12.5", b"1" * 400), "invalid"),
    ("year 294277", sample(ts="294277-01-01T00:00:00Z"), "invalid"),
    ("no offset in time", sample(ts="2026-03-01T12:00:00"), "invalid"),
    ("a dot for an id", sample(agentId="."), "invalid"),
    ("two dots for an id", sample(userId=".."), "invalid"),
    ("a fraction too large", sample(messages=1e10), "invalid"),
    ("an exponent past all bounds", GOOD.replace(b'"messages": 3', b'"messages": 1e999999999'),
     "invalid"),
    ("a fraction, said to be text", sample(messages="5.0"), "invalid"),
    ("a zero fraction and a field twice", sample(messages=5.0)[:-1] + b',"cpu":1}', "malformed"),
    ("empty id", sample(userId=""), "invalid"),
    ("long id", sample(userId="a" * 129), "invalid"),
    ("NUL in id", sample(agentId="a\0"), "invalid"),
    ("newline after id", sample(agentId="a\n"), "invalid"),
    ("slash in id", sample(agentId="a/b"), "invalid"),
    ("NUL in reason", status(reason="a\0b"), "invalid"),
    ("NUL and newline in reason", status(reason="\0\n"), "invalid"),
    ("array in array", array(array(GOOD)), "invalid"),
    ("a byte too many", b" " * (MAX_BYTES + 1 - len(GOOD)) + GOOD, "too_large"),
    ("a megabyte of text", sample(agentId="a" * MAX_BYTES), "too_large"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "reason"), [(v, r) for _, v, r in REFUSED], ids=[name for name, _, _ in REFUSED]
)
def test_refused(value: bytes | None, reason: str) -> None:
    index = 0 if value == array(array(GOOD)) else None
    assert outcome(value) == ([], [(reason, index)])


def test_as_many_bytes_as_allowed_are_read() -> None:
    assert outcome(b" " * (MAX_BYTES - len(GOOD)) + GOOD) == ([None], [])


ARRAYS = [
    ("empty", array(), [], []),
    ("two", array(GOOD, GOOD), [0, 1], []),
    ("one invalid", array(GOOD, sample(cpu=101), GOOD), [0, 2], [("invalid", 1)]),
    ("all invalid", array(b"1", b"{}"), [], [("invalid", 0), ("invalid", 1)]),
    ("lone surrogate", array(GOOD, SURROGATE, GOOD), [0, 2], [("malformed", 1)]),
    ("bad UTF-8", array(GOOD, BAD_UTF8), [0], [("malformed", 1)]),
    ("past a double", array(GOOD.replace(b"12.5", b"1e400"), GOOD), [1], [("invalid", 0)]),
    ("NaN", array(GOOD, sample(cpu=float("nan"))), [0], [("malformed", 1)]),
    ("deep nesting", array(GOOD, DEEP, GOOD), [0, 2], [("malformed", 1)]),
    ("a field twice", array(GOOD, GOOD[:-1] + b',"cpu":1}', status()), [0, 2], [("malformed", 1)]),
    ("nothing between commas", array(GOOD, b"", GOOD), [0, 2], [("malformed", 1)]),
    ("no JSON", array(GOOD, b"{]", GOOD), [0, 2], [("malformed", 1)]),
    ("trailing bytes", array(GOOD, SURROGATE) + b"x", [], [("malformed", None)]),
    ("an open text", array(GOOD, b'"'), [], [("malformed", None)]),
    ("1,001 with a lone surrogate", array(SURROGATE, *[GOOD] * 1_000), [], [("malformed", None)]),
    ("cut after an invalid one", array(GOOD, sample(cpu=101), GOOD)[:-9], [],
     [("malformed", None)]),
    ("1,000", array(*[GOOD] * 1_000), list(range(1_000)), []),
    ("1,001", array(*[GOOD] * 1_001), [], [("invalid", None)]),
    ("1,001 bad ones", array(*[b"1"] * 1_001), [], [("invalid", None)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "taken", "refused"), [c[1:] for c in ARRAYS], ids=[c[0] for c in ARRAYS]
)
def test_arrays(value: bytes, taken: list[int], refused: list[tuple[str, int | None]]) -> None:
    assert outcome(value) == (taken, refused)


PAIRS = list(SAMPLE.items())
TWICE = [*PAIRS, ("cpu", 1.0)]
LONG = [*PAIRS, *((f"x{n}", n) for n in range(20))]
PACKED = [
    ("one", pack(SAMPLE), [None], []),
    ("pair by pair", pack_pairs(PAIRS), [None], []),
    ("a field twice", pack_pairs(TWICE), [], [("malformed", None)]),
    ("a field twice, in an array", b"\x92" + pack_pairs(TWICE) + pack(SAMPLE), [1],
     [("malformed", 0)]),
    ("a map with a head of 3 bytes", pack_pairs(LONG, b"\xde\0" + bytes([len(LONG)])), [None], []),
    ("the same, a field twice", pack_pairs(LONG + LONG[:1], b"\xde\0" + bytes([len(LONG) + 1])),
     [], [("malformed", None)]),
    ("a head of 5 bytes, a field twice", pack_pairs(TWICE, b"\xdf\0\0\0" + bytes([len(TWICE)])),
     [], [("malformed", None)]),
    ("array", pack([SAMPLE, STATUS]), [0, 1], []),
    ("a zero fraction", pack(SAMPLE | {"messages": 5.0}), [None], []),
    ("a zero fraction in an array", pack([SAMPLE, SAMPLE | {"errors": 1.0}, 1]), [0, 1],
     [("invalid", 2)]),
    ("a fraction", pack(SAMPLE | {"messages": 5.5}), [], [("invalid", None)]),
    ("a zero fraction and a field twice", pack_pairs([*TWICE, ("x", 5.0)][2:] + PAIRS[:2]), [],
     [("malformed", None)]),
    ("NaN", pack([SAMPLE, SAMPLE | {"cpu": float("nan")}]), [0], [("invalid", 1)]),
    ("NaN where optional", pack(SAMPLE | {"responseMs": float("nan")}), [], [("invalid", None)]),
    ("Infinity", pack(SAMPLE | {"storageUsedMb": float("inf")}), [], [("invalid", None)]),
    ("past 64 bits", pack(SAMPLE | {"messages": 2**63}), [], [("invalid", None)]),
    ("time out of range", pack(SAMPLE | {"ts": EXT_OUT_OF_RANGE}), [], [("invalid", None)]),
    ("bad UTF-8", PACKED_BAD_UTF8, [], [("malformed", None)]),
    ("bad UTF-8 in an array", b"\x92" + pack(SAMPLE) + PACKED_BAD_UTF8, [0], [("malformed", 1)]),
    ("trailing bytes", pack(SAMPLE) + b"\0", [], [("malformed", None)]),
    ("cut short", pack(SAMPLE)[:-3], [], [("malformed", None)]),
    ("JSON by mistake", GOOD, [], [("invalid", None)]),
    ("a map of 4,294,967,295", b"\xdf\xff\xff\xff\xff", [], [("malformed", None)]),
    ("an array of 4,294,967,295", b"\xdd\xff\xff\xff\xff", [], [("malformed", None)]),
    ("deep nesting", b"\x91" * 100_000, [], [("malformed", None)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "taken", "refused"), [c[1:] for c in PACKED], ids=[c[0] for c in PACKED]
)
def test_messagepack(
    value: bytes, taken: list[int | None], refused: list[tuple[str, int | None]]
) -> None:
    assert outcome(value, b"application/msgpack") == (taken, refused)


HEADERS: list[tuple[str, bytes | None, bool]] = [
    ("content-type", b"application/msgpack", True),
    ("Content-Type", b"Application/MsgPack", True),
    ("content-type", b" application/msgpack ; charset=binary", True),
    ("content-type", b"application/json; charset=utf-8", False),
    ("content-type", b"", False),
    ("content-type", b"\xff\xfe", False),
    ("content-type", None, False),
    ("type", b"application/msgpack", False),
]


@pytest.mark.parametrize(("name", "content", "packed"), HEADERS)
def test_the_header_says_how_to_read(name: str, content: bytes | None, packed: bool) -> None:
    value = pack(SAMPLE) if packed else GOOD
    ((event, _),), rejections = decode_message(record(value, headers=[(name, content)]), MAX_BYTES)
    assert isinstance(event, Sample)
    assert rejections == []


def test_events_keep_their_order_and_types() -> None:
    events, _ = decode_message(record(array(GOOD, REASON)), MAX_BYTES)
    assert [type(event) for event, _ in events] == [Sample, Status]


def test_a_rejection_says_what_is_wrong() -> None:
    _, (rejection,) = decode_message(record(sample(cpu=101)), MAX_BYTES)
    assert rejection.detail == "Expected `float` <= 100.0 - at `$.cpu`"


def test_nesting_is_judged_alike_wherever_it_is_decoded() -> None:
    """On Python 3.11 the decoder's limit counts the frames of its caller."""

    def called_from(frames: int, value: bytes, content_type: bytes | None = None) -> object:
        if frames == 0:
            return outcome(value, content_type)
        return called_from(frames - 1, value, content_type)

    for depth in range(800, 1_000, 7):
        value = GOOD[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"
        packed = pack_pairs([*PAIRS, ("x", msgspec.Raw(b"\x91" * depth + b"\x90"))])
        assert called_from(100, value) == outcome(value)
        assert called_from(100, packed, MSGPACK) == outcome(packed, MSGPACK)
