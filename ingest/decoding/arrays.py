"""Splits an array message into its elements, so that an invalid event is rejected alone."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

# The decoders' errors: invalid UTF-8 and deep nesting raise other errors than DecodeError.
UNUSABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_JSON: Final = msgspec.json.Decoder(list[msgspec.Raw])
_MSGPACK: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])
# A string, terminated or not, or a structural character of JSON.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)


Parts = Sequence[bytes | msgspec.Raw]


def split_msgpack(value: bytes) -> Parts:
    """The elements of an array, still encoded.

    Raises msgspec.ValidationError if the message is not an array, one of UNUSABLE if it cannot be
    split.
    """
    return _MSGPACK.decode(value)


def split_json(value: bytes) -> Parts:
    """The same for JSON. Invalid JSON within an element (NaN, a lone surrogate, invalid UTF-8, deep
    nesting) does not matter: then the elements are delimited by counting brackets."""
    try:
        return _JSON.decode(value)
    except UNUSABLE as error:
        parts = _split_by_brackets(value.strip())
        if parts is None or isinstance(error, msgspec.ValidationError):
            raise
        return parts


def _split_by_brackets(value: bytes) -> list[bytes] | None:
    """None if the value is not an array that is closed at its end."""
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
