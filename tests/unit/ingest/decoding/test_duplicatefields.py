"""JSON that names a field twice is found, however it is written; what does not is left alone."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoding.duplicatefields import (
    DuplicateFieldError,
    have_no_duplicate_fields,
    reject_duplicates,
)
from schemas.events import Sample
from tests.unit.ingest.records import SAMPLE

GOOD = json.dumps(SAMPLE)

TWICE = {
    "the same": GOOD[:-1] + ', "cpu": 12.5}',
    "another value": GOOD[:-1] + ',"cpu":1}',
    "the type": GOOD[:-1] + ',"type":"sample"}',
    "escaped": GOOD[:-1] + ',"\\u0063pu":1}',
    "spaces before the colon": GOOD.replace('"cpu":', '"cpu" \n:')[:-1] + ',"memory" : 1}',
    "unknown": GOOD[:-1] + ',"x":1,"x":2}',
    "a null": GOOD[:-1] + ',"responseMs":null,"responseMs":1}',
}
ONCE = {
    "plain": GOOD,
    "quotes and colons in texts": GOOD[:-1] + ',"x":"\\"cpu\\":1,\\"cpu\\":2"}',
    "a name in two objects": GOOD[:-1] + ',"x":{"cpu":1},"y":{"cpu":1}}',
    "a number without end": GOOD[:-1] + ',"x":' + "9" * 5_000 + "}",
    "null": GOOD[:-1] + ',"responseMs":null}',
}


def sample_of(text: str) -> Sample:
    return msgspec.json.decode(text, type=Sample)


@pytest.mark.parametrize("text", TWICE.values(), ids=TWICE)
def test_twice(text: str) -> None:
    assert not have_no_duplicate_fields([text.encode()], [sample_of(text)])
    with pytest.raises(DuplicateFieldError, match="is named twice"):
        reject_duplicates(text.encode())


@pytest.mark.parametrize("text", ONCE.values(), ids=ONCE)
def test_once(text: str) -> None:
    reject_duplicates(text.encode())


def test_a_plain_one_does_not_make_up_for_another() -> None:
    texts = [GOOD, TWICE["the same"]]
    assert not have_no_duplicate_fields(
        [text.encode() for text in texts], [sample_of(text) for text in texts]
    )


@given(
    optional=st.fixed_dictionaries(
        {},
        optional={name: st.none() | st.floats(0, 1e6) for name in ("responseMs", "storageUsedMb")},
    ),
    extra=st.lists(st.sampled_from([*SAMPLE, "responseMs", "unknown"]), max_size=2),
    space=st.sampled_from(["", " "]),
)
def test_what_is_plain_names_each_field_once(
    optional: dict[str, Any], extra: list[str], space: str
) -> None:
    fields = {**SAMPLE, **optional}
    pairs = [*fields.items(), *((name, fields.get(name)) for name in extra)]
    written = (f"{json.dumps(name)}{space}:{json.dumps(value)}" for name, value in pairs)
    text = "{" + ",".join(written) + "}"
    names = [name for name, _ in pairs]
    if have_no_duplicate_fields([text.encode()], [sample_of(text)]):
        assert len(set(names)) == len(names)
    if not extra and None not in optional.values():
        assert have_no_duplicate_fields([text.encode()], [sample_of(text)])
