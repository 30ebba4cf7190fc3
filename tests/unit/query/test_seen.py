"""Sets of keys survive a cursor, stay small, and whatever else is sent ends in one error."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.seen import MAX_KEY, MAX_UNPACKED_BYTES, TooMuchSeenError, pack, unpack

KEYS = st.sets(st.integers(1, MAX_KEY), max_size=200) | st.sets(st.integers(1, 300), max_size=200)


@given(KEYS)
def test_keys_come_back_in_order(keys: set[int]) -> None:
    assert unpack(pack(keys)) == sorted(keys)


@pytest.mark.parametrize("shown", [1, 100, 2_500, 5_000, 7_500, 10_000])
def test_ten_thousand_agents_fit(shown: int) -> None:
    keys = random.Random(shown).sample(range(1, 10_001), shown)
    assert len(pack(keys)) <= 1_350


@given(st.binary(max_size=100))
def test_any_bytes_are_keys_or_an_error(packed: bytes) -> None:
    try:
        keys = unpack(packed)
    except TooMuchSeenError:
        return
    assert keys == sorted(keys)
    assert all(0 <= key <= MAX_KEY for key in keys)


@pytest.mark.parametrize(
    "plain", [b"\x01" * (MAX_UNPACKED_BYTES + 1), b"\xff" * 5 + b"\x7f", b"\x80"]
)
def test_what_pack_never_makes_is_refused(plain: bytes) -> None:
    with pytest.raises(TooMuchSeenError):
        unpack(zlib.compress(plain, 9, -15))
