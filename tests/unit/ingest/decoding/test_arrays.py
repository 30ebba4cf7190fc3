"""Arrays taken apart: as a JSON parser does where it can, and by brackets where it cannot."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoding.arrays import UNUSABLE, split_json, split_msgpack

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=9,
)
LAYOUTS: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"indent": 2}]


@given(st.lists(VALUES, min_size=1), st.sampled_from(LAYOUTS))
def test_each_element_as_it_was_written(values: list[Any], layout: dict[str, Any]) -> None:
    # A lone surrogate makes the strict parser give up.
    values = [*values, "\ud800"]
    text = json.dumps(values, **layout)
    parts = split_json(f" {text}\n".encode())
    assert [json.dumps(json.loads(bytes(part))) for part in parts] == list(map(json.dumps, values))


@given(st.binary())
def test_whatever_comes_is_taken_apart_or_refused(value: bytes) -> None:
    for split in (split_json, split_msgpack):
        for message in (value, b"[" + value + b"]"):
            try:
                parts = split(message)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            assert all(isinstance(bytes(part), bytes) for part in parts)


OPEN = [b"[NaN", b"[NaN,", b'[NaN,"a]', b"NaN", b"{NaN}", b"[NaN]]", b"[NaN]x", b"x[NaN]"]


@pytest.mark.parametrize("value", OPEN)
def test_no_array_that_is_closed_at_its_end(value: bytes) -> None:
    with pytest.raises(UNUSABLE):
        split_json(value)


@pytest.mark.parametrize("value", [b"{}", b"7", b'"[NaN]"', b"null"])
def test_what_is_json_and_no_array_is_reported_as_such(value: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        split_json(value)


def test_brackets_in_texts_are_none() -> None:
    parts = split_json(rb'[NaN, "],[", "\"],", {"a]": "\\"}, [1,[2]]]')
    assert [bytes(part).strip() for part in parts] == [
        b"NaN",
        b'"],["',
        rb'"\"],"',
        rb'{"a]": "\\"}',
        b"[1,[2]]",
    ]
