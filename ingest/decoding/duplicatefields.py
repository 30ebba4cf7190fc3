"""Finds what names a field twice: one of the two was meant, and readers differ on which."""

import json
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas.events import Sample

_FIELDS: Final = msgspec.structs.fields(Sample)
_OPTIONAL: Final = [attrgetter(field.name) for field in _FIELDS if not field.required]
# A sample has `type` and its required fields, of which the ids and `ts` are texts as `type` is:
# two quotes for each name, two for each text.
_LEAST_QUOTES: Final = 2 * (1 + sum(field.required for field in _FIELDS) + 4)

_MAP: Final = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
# A map's first byte, and how many of the next ones hold the number of its entries.
_LONG_MAPS: Final = {0xDE: 2, 0xDF: 4}


class DuplicateFieldError(msgspec.DecodeError):
    """An object names a field twice."""


def have_no_duplicate_fields(values: Iterable[bytes], samples: Sequence[Sample]) -> bool:
    """Whether these texts, which decode to these samples, name each field once and no others.

    Counted, for that costs next to nothing: a name more is two quotes more, and there is no way to
    save any. A text with a quote in it, or a field that is told to be null, is not plain either.
    """
    told = sum(len(samples) - list(map(get, samples)).count(None) for get in _OPTIONAL)
    return b"".join(values).count(b'"') == len(samples) * _LEAST_QUOTES + 2 * told


def reject_duplicates(value: bytes) -> None:
    """Raises DuplicateFieldError where an object in this JSON names a field twice.

    Source: RFC 8259, section 4: what becomes of such an object is unpredictable.
    """
    # Bytes that are no text may stand in fields that nobody reads.
    text = value.decode(errors="surrogateescape")
    json.loads(text, object_pairs_hook=_once, parse_int=_nothing, parse_float=_nothing)


def reject_duplicates_packed(value: bytes | msgspec.Raw) -> None:
    """Raises DuplicateFieldError where this event, a map in MessagePack, names a field twice.

    What is in its fields is not looked at: nobody reads maps there.
    """
    if len(_MAP.decode(value)) < _entries(memoryview(value)):
        raise DuplicateFieldError("a field is named twice")


def _entries(map_: memoryview) -> int:
    """Source: MessagePack specification, "map format family"."""
    width = _LONG_MAPS.get(map_[0])
    return map_[0] & 0x0F if width is None else int.from_bytes(map_[1 : 1 + width])


def _once(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DuplicateFieldError(f"the field {twice!r} is named twice")


def _nothing(_: str) -> None:
    """Numbers are not looked at, however long they are."""
