"""The row path: decodes one message into events and rejections. It defines validity."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec

from ingest.decoding.arrays import UNUSABLE, Parts, split_json, split_msgpack
from ingest.decoding.duplicatefields import (
    have_no_duplicate_fields,
    reject_duplicates,
    reject_duplicates_packed,
)
from ingest.decoding.recursion import with_stable_recursion_limit
from ingest.decoding.wholenumbers import with_whole_numbers, with_whole_numbers_packed
from ingest.reading.unreadable import UnreadableBatch
from ingest.record import Record
from ingest.rejection import Origin, Rejection
from schemas.events import MAX_EVENTS_A_MESSAGE, Event, Message, Sample

MSGPACK: Final = b"application/msgpack"
Split = Callable[[bytes], Parts]
Decoders = tuple[Callable[[bytes], Message], Callable[[bytes], Event], Split]

Decoded = TypeVar("Decoded")


def _with_json(decoder: msgspec.json.Decoder[Decoded]) -> Callable[[bytes], Decoded]:
    """Decodes with this decoder, accepts whole numbers like `5.0`, rejects duplicate fields."""

    def decode_json(value: bytes) -> Decoded:
        # Array elements are msgspec.Raw.
        text = bytes(value)
        try:
            message = decoder.decode(text)
        except msgspec.ValidationError:
            rewritten = with_whole_numbers(text)
            if rewritten is text:
                raise
            text, message = rewritten, decoder.decode(rewritten)
        _reject_duplicates(text, message if isinstance(message, list) else [message])
        return message

    return with_stable_recursion_limit(decode_json)


def _reject_duplicates(value: bytes, events: list[Any]) -> None:
    samples = [event for event in events if isinstance(event, Sample)]
    if len(samples) < len(events) or not have_no_duplicate_fields([value], samples):
        reject_duplicates(value)


def _with_msgpack(decoder: msgspec.msgpack.Decoder[Decoded]) -> Callable[[bytes], Decoded]:
    """The same for MessagePack."""

    def decode_msgpack(value: bytes) -> Decoded:
        try:
            message = decoder.decode(value)
        except msgspec.ValidationError:
            rewritten = with_whole_numbers_packed(value)
            if rewritten is value:
                raise
            message = decoder.decode(rewritten)
        for part in split_msgpack(value) if isinstance(message, list) else [value]:
            reject_duplicates_packed(part)
        return message

    return with_stable_recursion_limit(decode_msgpack)


_JSON: Final[Decoders] = (
    _with_json(msgspec.json.Decoder(Message)),
    _with_json(msgspec.json.Decoder(Event)),
    with_stable_recursion_limit(split_json),
)
_MSGPACK: Final[Decoders] = (
    _with_msgpack(msgspec.msgpack.Decoder(Message)),
    _with_msgpack(msgspec.msgpack.Decoder(Event)),
    with_stable_recursion_limit(split_msgpack),
)


def decode_message(
    record: Record, max_bytes: int
) -> tuple[list[tuple[Event, Origin]], list[Rejection]]:
    """The events and rejections of one record.

    A value longer than `max_bytes` is rejected unread. In an array an invalid event is rejected
    alone.
    """
    value = record.value
    if value is None:
        return [], [Rejection(Origin(record), "malformed", "the record has no value")]
    if isinstance(value, UnreadableBatch):
        return [], [Rejection(Origin(record), value.reason, value.detail)]
    if len(value) > max_bytes:
        detail = f"{len(value)} bytes, the maximum is {max_bytes}"
        return [], [Rejection(Origin(record), "too_large", detail)]
    whole, single, split = _MSGPACK if is_msgpack(record.headers) else _JSON
    try:
        message = whole(value)
    except UNUSABLE as error:
        return _decode_each(record, value, single, split, error)
    if isinstance(message, list):
        return [(event, Origin(record, index)) for index, event in enumerate(message)], []
    return [(message, Origin(record))], []


def _decode_each(
    record: Record, value: bytes, single: Callable[[bytes], Event], split: Split, problem: Exception
) -> tuple[list[tuple[Event, Origin]], list[Rejection]]:
    try:
        parts = split(value)
    except msgspec.ValidationError:
        # Not an array: the error of the whole message is that of its only event.
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
    """Whether a record's headers declare MessagePack; otherwise the value is JSON."""
    return any(
        name.lower() == "content-type"
        and (content or b"").split(b";")[0].strip().lower() == MSGPACK
        for name, content in headers
    )
