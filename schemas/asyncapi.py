"""The AsyncAPI document: topics, keys, headers and messages, from the Structs that decode them."""

from collections.abc import Iterable
from typing import Any, Final, get_args

import msgspec

from schemas import events
from schemas.portable import portable

ASYNCAPI: Final = "3.0.0"
# As in the OpenAPI document: a breaking change for senders raises it to 2.
CONTRACT: Final = "1"
MSGPACK: Final = "application/msgpack"
REASONS: Final = ("malformed", "invalid", "future", "expired", "too_large", "refused")
OTHERS: Final = tuple(kind for kind in get_args(events.Event) if kind is not events.Sample)
ID: Final = {"type": "string", "minLength": 1, "maxLength": 128}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of all messages that Fleetgauge receives and sends over Kafka."""
    kinds = (events.Sample, *OTHERS)
    _, named = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    shapes = portable(named)
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Fleetgauge",
            "version": CONTRACT,
            "description": (
                "Events of software agents. Producers partition by key as Java's client does "
                "(murmur2), so that a source stays in one partition, and use acks=all. Duplicate "
                "events count once. Unknown fields are ignored."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "samples": _channel("fleet.samples", "The key is the agentId.", [events.Sample]),
            "events": _channel("fleet.events", "The key is the userId.", OTHERS),
            "deadletter": {
                **_address("fleet.deadletter", "Rejected events, each with a reason."),
                "messages": {"deadLetter": {"$ref": "#/components/messages/deadLetter"}},
            },
        },
        "operations": {
            "receiveSamples": _operation("receive", "samples", "Stores samples, exactly once."),
            "receiveEvents": _operation("receive", "events", "Stores events, exactly once."),
            "sendDeadLetters": _operation(
                "send", "deadletter", "Sends rejected events, at least once."
            ),
        },
        "components": {
            "messages": {**{_name(kind): _message(kind) for kind in kinds}, **_dead_letter()},
            "schemas": shapes,
        },
    }


def _address(topic: str, description: str) -> dict[str, Any]:
    kafka = {"topic": topic, "bindingVersion": "0.5.0"}
    return {"address": topic, "description": description, "bindings": {"kafka": kafka}}


def _channel(topic: str, description: str, kinds: Iterable[type]) -> dict[str, Any]:
    names = [_name(kind) for kind in kinds]
    refs = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    return {**_address(topic, description), "messages": refs}


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(kind: type) -> dict[str, Any]:
    """A message: one event of this kind, or an array of them."""
    shape = {"$ref": f"#/components/schemas/{kind.__name__}"}
    many = {"type": "array", "items": shape, "maxItems": events.MAX_EVENTS_A_MESSAGE}
    owner = "agentId" if kind is events.Sample else "userId"
    return {
        "name": _name(kind),
        "summary": (kind.__doc__ or "").splitlines()[0],
        "headers": {
            "type": "object",
            "properties": {
                "content-type": {
                    "description": "Default: JSON.",
                    "enum": ["application/json", MSGPACK],
                }
            },
        },
        "payload": {"anyOf": [shape, many]},
        "bindings": {"kafka": {"key": {**ID, "description": owner}, "bindingVersion": "0.5.0"}},
    }


def _dead_letter() -> dict[str, Any]:
    headers = {
        "fleetgauge.reason": {"enum": list(REASONS)},
        "fleetgauge.index": {
            "type": "string",
            "description": "Indexes of the rejected events in an array, from 0: `3`, `0-2,7`.",
        },
        "__connect.errors.topic": {"type": "string"},
        "__connect.errors.partition": {"type": "string"},
        "__connect.errors.offset": {"type": "string"},
        "__connect.errors.exception.message": {"type": "string", "description": "A sentence."},
    }
    return {
        "deadLetter": {
            "name": "deadLetter",
            "summary": "An unchanged message with its key and headers, and why it was rejected.",
            "contentType": "application/octet-stream",
            "headers": {
                "type": "object",
                "required": [name for name in headers if name != "fleetgauge.index"],
                "properties": headers,
            },
            "payload": {"description": "The original bytes."},
        }
    }


def _name(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]
