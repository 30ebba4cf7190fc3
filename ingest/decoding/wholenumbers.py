"""Rewrites numbers with a zero fraction as integers: in JSON Schema `5.0` and `1e3` are integers.

The decoder accepts no such number for an integer, so a rejected message is decoded a second time
with its whole numbers rewritten.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

# A string, terminated or not, or a number that is not part of a longer token.
# Source: RFC 8259, section 6.
_TOKEN: Final = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?|'
    rb"(?<![\w.+-])(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)(?![\w.+-])",
    re.DOTALL,
)
# No field accepts an integer with more digits.
_MOST_DIGITS: Final = 20


def with_whole_numbers(value: bytes) -> bytes:
    """This JSON with `5.0` written as `5`; the same object if nothing changes."""
    rewritten = _TOKEN.sub(_rewrite, value)
    return value if rewritten == value else rewritten


def _rewrite(token: re.Match[bytes]) -> bytes:
    number = token[1]
    if number is None or not any(sign in number for sign in b".eE"):
        return token[0]
    try:
        exact = Decimal(number.decode())
    except InvalidOperation:
        # The exponent is out of range.
        return number
    if exact.adjusted() >= _MOST_DIGITS or exact != exact.to_integral_value():
        return number
    return b"%d" % int(exact)


def with_whole_numbers_packed(value: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
    """The same for MessagePack; the same object if it cannot be decoded or encoded."""
    try:
        read = msgspec.msgpack.decode(value)
        return msgspec.msgpack.encode(_whole(read))
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, ValueError, OverflowError):
        return value


def _whole(read: Any) -> Any:
    """Converts only the fields of an event, or of the events of an array."""
    if isinstance(read, list):
        return [_whole(element) for element in read]
    if isinstance(read, dict):
        return {
            name: int(field) if isinstance(field, float) and _is_whole(field) else field
            for name, field in read.items()
        }
    return read


def _is_whole(field: float) -> bool:
    # MessagePack integers have 64 bits.
    return field.is_integer() and -(2.0**63) <= field < 2.0**63
