"""Rejects objects with duplicate field names, since parsers differ on which value counts."""

import json
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas.events import Sample

_FIELDS: Final = msgspec.structs.fields(Sample)
_OPTIONAL: Final = [attrgetter(field.name) for field in _FIELDS if not field.required]
# A sample has `type` and its required fields, of which `type`, the ids and `ts` are strings: two
# quotes for each name and two for each string.
_LEAST_QUOTES: Final = 2 * (1 + sum(field.required for field in _FIELDS) + 4)

_MAP: Final = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
# A map's first byte, and the size of its entry count.
_LONG_MAPS: Final = {0xDE: 2, 0xDF: 4}


class DuplicateFieldError(msgspec.DecodeError):
    """An object has a duplicate field."""


def have_no_duplicate_fields(values: Iterable[bytes], samples: Sequence[Sample]) -> bool:
    """Whether these texts, which decode to these samples, have each field once and no others.

    A cheap count: each further name adds two quotes. Also false for an escaped quote in a string,
    or an optional field that is null.
    """
    optional = sum(len(samples) - list(map(get, samples)).count(None) for get in _OPTIONAL)
    return b"".join(values).count(b'"') == len(samples) * _LEAST_QUOTES + 2 * optional


def reject_duplicates(value: bytes) -> None:
    """Raises DuplicateFieldError if an object in this JSON has a duplicate field.

    Source: RFC 8259, section 4: the behavior of software with such an object is unpredictable.
    """
    # Unknown fields may hold invalid UTF-8.
    text = value.decode(errors="surrogateescape")
    json.loads(text, object_pairs_hook=_once, parse_int=_ignore, parse_float=_ignore)


def reject_duplicates_packed(value: bytes | msgspec.Raw) -> None:
    """Raises DuplicateFieldError if this event, a MessagePack map, has a duplicate field.

    Nested maps are ignored: no known field holds one.
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


def _ignore(_: str) -> None:
    """Skips the conversion of numbers of any length."""
