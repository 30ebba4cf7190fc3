"""Turns a record's value into events, or into rejections that say why not."""

from collections.abc import Callable, Iterable, Sequence, Set
from itertools import chain
from operator import attrgetter
from typing import Final, cast

import msgspec

from ingest.arrays import UNUSABLE, Parts, split_json, split_msgpack
from ingest.batch import AGENT, Agent, Origin, Rejection
from ingest.names import are_plain, refuse_repeated, refuse_repeated_packed
from ingest.record import Record
from ingest.unread import UnreadBatch
from schemas.events import MAX_EVENTS_A_MESSAGE, Event, Id, Message, Sample

MSGPACK: Final = b"application/msgpack"
Split = Callable[[bytes], Parts]
Decoders = tuple[Callable[[bytes], Message], Callable[[bytes], Event], Split]

_JSON_MESSAGE: Final = msgspec.json.Decoder(Message)
_JSON_EVENT: Final = msgspec.json.Decoder(Event)
_MSGPACK_MESSAGE: Final = msgspec.msgpack.Decoder(Message)
_MSGPACK_EVENT: Final = msgspec.msgpack.Decoder(Event)


def _decode_json(value: bytes) -> Message:
    message: Message = _JSON_MESSAGE.decode(value)
    events = message if isinstance(message, list) else [message]
    _refuse_repeated(value, events)
    return message


def _decode_json_event(value: bytes) -> Event:
    event: Event = _JSON_EVENT.decode(value)
    _refuse_repeated(bytes(value), [event])
    return event


def _refuse_repeated(value: bytes, events: list[Event]) -> None:
    samples = [event for event in events if isinstance(event, Sample)]
    if len(samples) < len(events) or not are_plain([value], samples):
        refuse_repeated(value)


def _decode_msgpack(value: bytes) -> Message:
    message: Message = _MSGPACK_MESSAGE.decode(value)
    for part in split_msgpack(value) if isinstance(message, list) else [value]:
        refuse_repeated_packed(part)
    return message


def _decode_msgpack_event(value: bytes) -> Event:
    event: Event = _MSGPACK_EVENT.decode(value)
    refuse_repeated_packed(value)
    return event


_JSON: Decoders = (_decode_json, _decode_json_event, split_json)
_MSGPACK: Decoders = (_decode_msgpack, _decode_msgpack_event, split_msgpack)


class _PlainSample(Sample, tag="sample", frozen=True, gc=False, kw_only=True):
    """A Sample whose ids may be any text."""

    user_id: str
    agent_id: str


class _NoSample(msgspec.Struct, tag="", tag_field="type"):
    """Makes `type` required: a Struct alone would do without."""


_SAMPLE: Final = msgspec.json.Decoder(_PlainSample | _NoSample)
_HEADERS: Final = attrgetter("headers")


def decode(record: Record, max_bytes: int) -> tuple[list[tuple[Event, Origin]], list[Rejection]]:
    """The events of one record and what of it cannot be used.

    A value longer than `max_bytes` is refused unread. In an array a bad event is refused alone.
    """
    value = record.value
    if value is None:
        return [], [Rejection(Origin(record), "malformed", "the record has no value")]
    if isinstance(value, UnreadBatch):
        return [], [Rejection(Origin(record), value.reason, value.detail)]
    if len(value) > max_bytes:
        detail = f"{len(value)} bytes, at most {max_bytes} are taken"
        return [], [Rejection(Origin(record), "too_large", detail)]
    whole, single, split = _MSGPACK if is_msgpack(record.headers) else _JSON
    try:
        message = whole(value)
    except UNUSABLE as error:
        return _decode_each(record, value, single, split, error)
    if isinstance(message, list):
        return [(event, Origin(record, index)) for index, event in enumerate(message)], []
    return [(message, Origin(record))], []


def decode_samples(
    records: Sequence[Record], max_bytes: int, known: Set[Agent]
) -> list[Sample] | None:
    """The samples that these records are, one each; None where one is anything else.

    What most records are is decoded in half the time that way: ids are not looked at where the
    agent is `known`. Whatever else comes is for `decode` to tell.
    """
    # One that has none is a TypeError below.
    values = cast(list[bytes], [record.value for record in records])
    try:
        if max(map(len, values)) > max_bytes or any(map(_HEADERS, records)):
            return None
        samples = cast(list[Sample], list(map(_SAMPLE.decode, values)))
        agents = set(map(AGENT, samples))
        if not known >= agents:
            msgspec.convert([*chain.from_iterable(agents)], list[Id])
        if not are_plain(values, samples):
            return None
    except (*UNUSABLE, TypeError):
        return None
    return samples


def _decode_each(
    record: Record, value: bytes, single: Callable[[bytes], Event], split: Split, problem: Exception
) -> tuple[list[tuple[Event, Origin]], list[Rejection]]:
    try:
        parts = split(value)
    except msgspec.ValidationError:
        # Not an array: the one event in it is what the whole was refused for.
        return [], [_reject(Origin(record), problem)]
    except UNUSABLE as error:
        return [], [Rejection(Origin(record), "malformed", str(error))]
    if len(parts) > MAX_EVENTS_A_MESSAGE:
        return [], [_reject(Origin(record), problem)]
    events: list[tuple[Event, Origin]] = []
    rejections: list[Rejection] = []
    for index, part in enumerate(parts):
        origin = Origin(record, index)
        try:
            events.append((single(part), origin))
        except UNUSABLE as error:
            rejections.append(_reject(origin, error))
    return events, rejections


def _reject(origin: Origin, problem: Exception) -> Rejection:
    is_readable = isinstance(problem, msgspec.ValidationError)
    return Rejection(origin, "invalid" if is_readable else "malformed", str(problem))


def is_msgpack(headers: Iterable[tuple[str, bytes | None]]) -> bool:
    """Whether a record's headers tell that its value is MessagePack; else it is JSON."""
    return any(
        name.lower() == "content-type"
        and (content or b"").split(b";")[0].strip().lower() == MSGPACK
        for name, content in headers
    )
