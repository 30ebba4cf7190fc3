"""JSON Schema of every event and answer."""

from typing import Any

import msgspec

from schemas import events, history, platform, responses
from schemas.portable import portable

ANSWERS = (
    platform.Platform,
    history.PlatformHistorical,
    history.Historical,
    history.AgentHistorical,
    responses.Performance,
    responses.Summary,
    responses.Ready,
    responses.Error,
)


def json_schema() -> dict[str, Any]:
    """One JSON Schema (2020-12) of a Kafka message; `$defs` holds every event and answer."""
    (message, *_), definitions = msgspec.json.schema_components(
        [events.Message, *ANSWERS], ref_template="#/$defs/{name}"
    )
    document: dict[str, Any] = portable(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Fleetgauge",
            "description": "A record value in fleet.samples or fleet.events; $defs also has the "
            "HTTP answers.",
            **message,
            "$defs": definitions,
        }
    )
    return document
