"""Whole numbers are integers in every spelling that JSON has; nothing else is touched."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoding.wholenumbers import with_whole_numbers, with_whole_numbers_packed

WHOLE = [
    (b"5.0", b"5"),
    (b"-5.000", b"-5"),
    (b"1e3", b"1000"),
    (b"1E+2", b"100"),
    (b"100e-2", b"1"),
    (b"1.5e1", b"15"),
    (b"-0.0", b"0"),
    (b"9223372036854775807.0", b"9223372036854775807"),
    (b"9007199254740993.0", b"9007199254740993"),
    (b"[5.0,6.0]", b"[5,6]"),
    (b'{"a":5.0 , "b":\n6e0}', b'{"a":5 , "b":\n6}'),
]
UNTOUCHED = [
    b"5", b"5.5", b"1e-1", b"1e400", b"1e99999999999999999999", b"-1e-99999999999999999999",
    b'"5.0"', b'"a\\"5.0"', b'{"5.0":1}', b"05.0", b"5.", b".5", b"+5.0", b"5.0x", b"1.0.0", b"NaN",
    b"e1", b'"5.0', b"",
]  # fmt: skip


@pytest.mark.parametrize(("text", "rewritten"), WHOLE)
def test_whole(text: bytes, rewritten: bytes) -> None:
    assert with_whole_numbers(text) == rewritten


@pytest.mark.parametrize("text", UNTOUCHED)
def test_untouched(text: bytes) -> None:
    assert with_whole_numbers(text) is text


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
))  # fmt: skip
def test_the_text_means_the_same(value: object) -> None:
    text = json.dumps(value).encode()
    before = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    after = json.loads(with_whole_numbers(text), parse_float=Decimal, parse_int=Decimal)
    assert after == before


PACKED = [
    ({"messages": 5.0}, {"messages": 5}),
    ([{"messages": 5.0, "cpu": 1.5}, 7], [{"messages": 5, "cpu": 1.5}, 7]),
    ({"x": 1e300, "messages": 5.0}, {"x": 1e300, "messages": 5}),
    ({"x": {"y": 5.0}}, {"x": {"y": 5.0}}),
]


@pytest.mark.parametrize(("value", "rewritten"), PACKED)
def test_packed(value: object, rewritten: object) -> None:
    found = with_whole_numbers_packed(msgspec.msgpack.encode(value))
    assert bytes(found) == msgspec.msgpack.encode(rewritten)


@pytest.mark.parametrize("value", [b"", b"\xc1", b"\x81\x80\x01", b"\x81\xa1x"])
def test_what_is_no_messagepack_is_left(value: bytes) -> None:
    assert with_whole_numbers_packed(value) is value
