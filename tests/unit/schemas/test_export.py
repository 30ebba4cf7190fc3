"""The exported JSON Schema takes what the decoder takes."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.export import json_schema
from tests.unit.schemas.test_events import PAYMENT, PLAY, SAMPLE, STATUS, decode

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def test_it_is_a_schema_of_its_dialect() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("event", [SAMPLE, STATUS, PAYMENT, PLAY])
def test_what_decodes_is_valid(event: dict[str, Any]) -> None:
    decode(event)
    VALIDATOR.validate(event)
    VALIDATOR.validate([event, event])


@pytest.mark.parametrize(
    "change",
    [
        {"cpu": 101},
        {"messages": -1},
        {"userId": "a\n"},
        {"userId": ""},
        {"type": "smaple"},
        {"agentId": None},
    ],
)
def test_what_does_not_decode_is_not_valid(change: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid({**SAMPLE, **change})


def test_answers_are_there() -> None:
    assert {"Historical", "Performance", "Summary", "Ready", "Error", "Point"} <= set(
        SCHEMA["$defs"]
    )


def test_every_shape_is_described() -> None:
    assert [name for name, shape in SCHEMA["$defs"].items() if not shape.get("description")] == []
