"""The AsyncAPI document says of topics and messages what the decoder and the dead letters do."""

import json
from copy import deepcopy
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from ingest.rejection import Reason
from schemas.asyncapi import REASONS, asyncapi
from schemas.events import Event
from schemas.settings import KafkaSettings
from tests.support.npm import package
from tests.unit.schemas.test_events import PAYMENT, PLAY, SAMPLE, STATUS, decode

DOCUMENT = asyncapi()
MESSAGES = DOCUMENT["components"]["messages"]
URN = "urn:fleetgauge"
REGISTRY: Registry[Any] = Registry().with_resource(URN, DRAFT7.create_resource(DOCUMENT))


def payload(name: str) -> Draft7Validator:
    """What takes the payload of the message of this name."""
    reference = {"$ref": f"{URN}#/components/messages/{name}/payload"}
    return Draft7Validator(reference, registry=REGISTRY)


def resolved(reference: str) -> Any:
    """What a reference within the document names; KeyError where it names nothing."""
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(part: Any) -> list[str]:
    """All references in a part of the document."""
    if isinstance(part, list):
        return [name for item in part for name in references(item)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if "$ref" in part else []
    return own + [name for item in part.values() for name in references(item)]


def official() -> Draft7Validator:
    """The schema of AsyncAPI documents that its authors publish; its references stay within it."""
    version = DOCUMENT["asyncapi"]
    file = package("@asyncapi/specs") / "schemas" / f"{version}-without-$id.json"
    return Draft7Validator(json.loads(file.read_bytes()))


def test_the_document_is_asyncapi() -> None:
    official().validate(DOCUMENT)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("asyncapi", "2.6.0"),
        ("info.title", None),
        ("operations.receiveSamples.action", "subscribe"),
        ("channels.samples.address", 7),
        ("channels.samples.bindings.kafka.partitions", 0),
        ("components.messages.sample.payload", 7),
    ],
)
def test_what_is_not_asyncapi_is_rejected(place: str, wrong: object) -> None:
    document = deepcopy(DOCUMENT)
    *way, last = place.split(".")
    part = document
    for name in way:
        part = part[name]
    part[last] = wrong
    assert not official().is_valid(document)


def test_every_reference_names_something() -> None:
    assert all(resolved(reference) for reference in references(DOCUMENT))


def test_topics_are_those_of_the_settings() -> None:
    defaults = {
        KafkaSettings.model_fields[f"{name}_topic"].default
        for name in ("samples", "events", "deadletter")
    }
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == defaults


def test_every_event_has_its_message_in_one_channel() -> None:
    types = [kind.__struct_config__.tag for kind in get_args(Event)]
    placed = [name for c in DOCUMENT["channels"].values() for name in c["messages"]]
    assert sorted(placed) == sorted([*types, "deadLetter"])


def test_the_reasons_are_those_of_dead_letters() -> None:
    assert get_args(Reason) == REASONS


@pytest.mark.parametrize("event", [SAMPLE, STATUS, PAYMENT, PLAY], ids=lambda e: e["type"])
def test_what_decodes_is_valid(event: dict[str, Any]) -> None:
    decode(event)
    payload(event["type"]).validate(event)
    payload(event["type"]).validate([event, event])


@pytest.mark.parametrize("change", [{"cpu": 101}, {"userId": "a\n"}, {"type": "status"}])
def test_what_does_not_decode_is_not_valid(change: dict[str, Any]) -> None:
    assert not payload("sample").is_valid({**SAMPLE, **change})
