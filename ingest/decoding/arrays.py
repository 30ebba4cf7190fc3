"""Takes an array message apart, so that an event that is wrong costs nobody but itself."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

# What the decoders raise; a text that is no UTF-8 or a deep nesting is no DecodeError.
UNUSABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_JSON: Final = msgspec.json.Decoder(list[msgspec.Raw])
_MSGPACK: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])
# A text as a whole or one that never ends, and what gives JSON its structure.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)


Parts = Sequence[bytes | msgspec.Raw]


def split_msgpack(value: bytes) -> Parts:
    """The elements of an array, as they are written.

    Raises msgspec.ValidationError where the message is no array, and one of UNUSABLE where it
    cannot be taken apart.
    """
    return _MSGPACK.decode(value)


def split_json(value: bytes) -> Parts:
    """The same. What is no JSON (NaN, half a surrogate pair, bytes that are no UTF-8, nesting
    without end) is left to the element that it is in: where that ends, the brackets tell."""
    try:
        return _JSON.decode(value)
    except UNUSABLE as error:
        parts = _split_by_brackets(value.strip())
        if parts is None or isinstance(error, msgspec.ValidationError):
            raise
        return parts


def _split_by_brackets(value: bytes) -> list[bytes] | None:
    """None where this is no array that is closed at its end."""
    parts: list[bytes] = []
    depth = begin = 0
    for token in _TOKEN.finditer(value):
        if token[0] in b"[{":
            depth += 1
            begin = token.end() if depth == 1 else begin
        elif token[0] == b"," and depth == 1:
            parts.append(value[begin : token.start()])
            begin = token.end()
        elif token[0] in b"]}":
            depth -= 1
            if depth == 0:
                is_whole = value.startswith(b"[") and token.end() == len(value)
                return [*parts, value[begin : token.start()]] if is_whole else None
    return None
