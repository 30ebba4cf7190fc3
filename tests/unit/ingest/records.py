"""Records as the broker hands them out, and the events in them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ingest.batch import ALONE, Decoded
from ingest.decoding.decode import samples_frame
from ingest.kafka.logidentity import LogIdentity
from ingest.record import Record
from ingest.records import Records
from ingest.rejection import Origin
from schemas.events import Event, Sample

NOON: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOPIC: Final = "fleet.samples"
SAMPLE: Final[dict[str, Any]] = {
    "type": "sample",
    "userId": "alice",
    "agentId": "a1",
    "ts": "2026-03-01T12:00:00Z",
    "cpu": 12.5,
    "memory": 50,
    "messages": 3,
    "errors": 0,
}
STATUS: Final[dict[str, Any]] = {
    "type": "status",
    "userId": "alice",
    "agentId": "a1",
    "ts": "2026-03-01T12:00:00Z",
    "status": "running",
}


def record(
    value: bytes | None,
    *,
    offset: int = 0,
    topic: str = TOPIC,
    partition: int = 0,
    at: datetime = NOON,
    key: bytes | None = b"a1",
    headers: Iterable[tuple[str, bytes | None]] = (),
) -> Record:
    """One record; `at` is the broker's time."""
    ts_ms = round(at.timestamp() * 1000)
    return Record(topic, partition, offset, ts_ms, key, value, tuple(headers))


def identity(cluster: str = "here", *, topic: int = 1, epoch: int = 0) -> LogIdentity:
    """A log; the topic's id is made from its number."""
    return LogIdentity(cluster, UUID(int=topic), epoch)


def sample(ts: datetime = NOON, agent: str = "alice/a1", **values: Any) -> Sample:
    """One sample; `agent` is `user/agent`."""
    user_id, agent_id = agent.split("/")
    numbers = {"cpu": 0.0, "memory": 0.0, "messages": 0, "errors": 0} | values
    return Sample(user_id=user_id, agent_id=agent_id, ts=ts, **numbers)


def decoded(events: Iterable[Event], at: datetime = NOON) -> Decoded:
    """These events, each from a separate record, all of one broker time."""
    listed = list(events)
    records = [record(msgspec.json.encode(e), offset=n, at=at) for n, e in enumerate(listed)]
    samples = [(e, n, ALONE) for n, e in enumerate(listed) if isinstance(e, Sample)]
    others: list[tuple[Event, Origin]] = [
        (e, Origin(one))
        for e, one in zip(listed, records, strict=True)
        if not isinstance(e, Sample)
    ]
    return Decoded(samples=samples_frame(samples), records=Records([records]), others=others)
