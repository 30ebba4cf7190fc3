"""`fleetgauge emit event`: sends given events once each."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import structlog

from emit.contract import checked_event
from emit.emitter import Emitter
from schemas.events import Event
from schemas.runtime.exits import DONE, FAILED
from schemas.runtime.kafkaclient import security_options
from schemas.settings import KafkaSettings

log = structlog.get_logger("emit")

# How long to wait for an unavailable broker; the exit status then reports the failure.
PATIENCE_S: Final = 10.0


def run(kafka: KafkaSettings, texts: Sequence[str]) -> int:
    """Sends the events; returns 0 if all are acknowledged, else 1.

    Raises ValueError that names an invalid event; then none is sent.
    """
    events = [parse(text, datetime.now(UTC)) for text in texts]
    emitter = Emitter(
        kafka.kafka_bootstrap,
        events[0].user_id,
        interval_s=None,
        close_timeout_s=PATIENCE_S,
        samples_topic=kafka.samples_topic,
        events_topic=kafka.events_topic,
        client=security_options(kafka),
    )
    asyncio.run(_send(emitter, events))
    acknowledged = emitter.totals.acknowledged
    log.info("sent", events=len(events), acknowledged=acknowledged)
    return DONE if acknowledged == len(events) else FAILED


def parse(text: str, now: datetime) -> Event:
    """The event of a JSON object; `ts` defaults to now. ValueError if it is not a valid event."""
    try:
        fields: Any = msgspec.json.decode(text)
        if isinstance(fields, dict):
            fields = {"ts": now.isoformat(), **fields}
        return checked_event(msgspec.convert(fields, Event))
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"{error}: {text.strip()[:140]}") from error


async def _send(emitter: Emitter, events: Sequence[Event]) -> None:
    async with emitter:
        for event in events:
            emitter.send(event)
