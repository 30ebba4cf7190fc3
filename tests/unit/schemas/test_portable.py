"""The exported schemas mean the same to Go (RE2), to Node (ajv) and to Python."""

import inspect
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas import events
from schemas.asyncapi import asyncapi
from schemas.export import json_schema
from schemas.portable import portable
from tests.support.npm import package
from tests.support.service import application, serving
from tests.unit.schemas.test_events import PAYMENT, SAMPLE, STATUS

FOLDER = Path(__file__).parents[2] / "support" / "regexps"
# An event and whether it is valid, by the contract of the events.
EVENTS: list[tuple[dict[str, Any], bool]] = [
    (SAMPLE, True),
    ({**SAMPLE, "userId": "..a"}, True),
    ({**SAMPLE, "userId": ".a."}, True),
    ({**SAMPLE, "userId": "~:@-_9Z"}, True),
    ({**SAMPLE, "userId": "a" * 128}, True),
    ({**SAMPLE, "userId": "a" * 129}, False),
    ({**SAMPLE, "userId": ""}, False),
    ({**SAMPLE, "userId": "."}, False),
    ({**SAMPLE, "userId": ".."}, False),
    ({**SAMPLE, "userId": "a\n"}, False),
    ({**SAMPLE, "userId": "a\nb"}, False),
    ({**SAMPLE, "userId": "ä"}, False),
    ({**SAMPLE, "userId": "a/b"}, False),
    ({**SAMPLE, "cpu": 101}, False),
    ({**STATUS, "reason": "two\nlines, ä\n"}, True),
    ({**STATUS, "reason": ""}, True),
    ({**STATUS, "reason": "a\0b"}, False),
    ({**STATUS, "reason": "a" * 1_001}, False),
    (PAYMENT, True),
    ({**PAYMENT, "currency": "EUR\n"}, False),
    ({**PAYMENT, "currency": "eur"}, False),
]
VALUES = [event for event, _ in EVENTS]
EXPECTED = [is_valid for _, is_valid in EVENTS]


def run(words: list[str], asked: Any) -> Any:
    """What a program prints as JSON; skips the test where it is not there."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} here")
    done = subprocess.run(
        words, input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def patterns(schema: Any) -> Iterator[str]:
    """Every pattern in a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for value in schema.values():
            yield from patterns(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from patterns(value)


async def openapi() -> Any:
    async with serving(application("postgresql://nobody@127.0.0.1:1/nothing")) as client:
        return (await client.get("/openapi.json")).json()


def test_python() -> None:
    validator = Draft202012Validator(json_schema())
    assert [validator.is_valid(value) for value in VALUES] == EXPECTED


def test_node() -> None:
    ajv = package("ajv") / "dist" / "2020.js"
    asked = {"ajv": str(ajv), "schema": json_schema(), "values": VALUES}
    assert run(["node", str(FOLDER / "validate.mjs")], asked) == EXPECTED


async def test_go_compiles_every_pattern_and_finds_the_same() -> None:
    documents = (json_schema(), asyncapi(), await openapi())
    every = {pattern for document in documents for pattern in patterns(document)}
    texts = [event[name] for event in VALUES for name in ("userId", "reason") if name in event]
    asked = dict.fromkeys(every, texts)
    found = run(["go", "run", str(FOLDER / "main.go")], asked)
    assert found == {
        # Without a line break at the end `$` means the same in Python.
        pattern: [bool(re.search(pattern.replace("$", r"\Z"), text)) for text in texts]
        for pattern in every
    }


def test_no_python_of_ours_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.13 takes the indentation out of docstrings, versions before it do not."""
    before = json_schema(), asyncapi()
    for kind in (events.Sample, events.Status):
        assert kind.__doc__ is not None
        monkeypatch.setattr(kind, "__doc__", inspect.cleandoc(kind.__doc__))
    assert (json_schema(), asyncapi()) == before


def test_texts_have_the_names_of_the_fields() -> None:
    def texts(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            yield from (v for k, v in schema.items() if k == "description" and isinstance(v, str))
        for one in schema.values() if isinstance(schema, dict) else schema:
            if isinstance(one, dict | list):
                yield from texts(one)

    words = {
        word
        for document in (json_schema(), asyncapi())
        for text in texts(document)
        for word in re.findall(r"`([a-z]+_\w+)`", text)
    }
    # A value of `status`.
    assert words <= {"no_data"}


def test_a_property_may_have_the_name_of_a_keyword() -> None:
    schema = {"properties": {"pattern": {"type": "string"}, "description": {"type": "string"}}}
    assert portable(schema) == schema
