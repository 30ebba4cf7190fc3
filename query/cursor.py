"""Cursors: the position in a list where the next page starts, bound to its query.

A cursor is base64url of a digest and a MessagePack body. The digest covers the body and the query:
route, user and every parameter but `limit` and `cursor`. It detects damage and cursors of another
query, but is not a signature: a forged cursor can only skip rows of the caller's own list, and its
body is validated like any other input.
"""

import base64
import binascii
import hashlib
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Annotated, Final, TypeVar

import msgspec
from litestar.exceptions import ValidationException
from litestar.params import QueryParameter

from query.errors import PARAMETER_HELP

MAX_CHARACTERS: Final = 4_096
# Also the longest pause of a client between two pages.
MAX_AGE: Final = timedelta(hours=1)
# Tolerated difference between the clocks of two machines that answer the same client.
LEEWAY: Final = timedelta(minutes=5)
_DIGEST_BYTES: Final = 12

Cursor = Annotated[
    str | None,
    QueryParameter(
        name="cursor",
        min_length=1,
        max_length=MAX_CHARACTERS,
        pattern=r"^[A-Za-z0-9_-]*$(?!\n)",
        description=PARAMETER_HELP["cursor"],
    ),
]
Query = tuple[Hashable, ...]
Position = TypeVar("Position", bound=msgspec.Struct)


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """The time of issue, and the position as MessagePack."""

    issued_at: datetime
    position: msgspec.Raw


def issue(query: Query, position: msgspec.Struct, now: datetime) -> str:
    """The cursor of a position in the list of `query`, issued at `now`.

    Raises ValueError if it would be longer than MAX_CHARACTERS.
    """
    body = msgspec.msgpack.encode(_Body(now, msgspec.Raw(msgspec.msgpack.encode(position))))
    cursor = base64.urlsafe_b64encode(_digest(query, body) + body).rstrip(b"=").decode()
    if len(cursor) > MAX_CHARACTERS:
        raise ValueError(f"cursor has {len(cursor)} characters, more than {MAX_CHARACTERS}")
    return cursor


def resume(cursor: str, query: Query, kind: type[Position], now: datetime) -> Position:
    """The position in a cursor of the same query that is not older than MAX_AGE.

    Raises ValidationException (400).
    """
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True
        )
        sealed, body = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        if sealed != _digest(query, body):
            raise unusable()
        found = msgspec.msgpack.decode(body, type=_Body)
        if not -LEEWAY <= now - found.issued_at <= MAX_AGE:
            raise unusable()
        return msgspec.msgpack.decode(found.position, type=kind)
    except (binascii.Error, UnicodeEncodeError, msgspec.MsgspecError, TypeError) as error:
        raise unusable() from error


def unusable() -> ValidationException:
    """The error for a cursor that is damaged, too old or of another query."""
    return ValidationException(extra=[{"key": "cursor"}])


def _digest(query: Query, body: bytes) -> bytes:
    # JSON is canonical for these types, and distinct for distinct queries.
    named = msgspec.json.encode(query)
    return hashlib.blake2b(
        len(named).to_bytes(4, "big") + named + body, digest_size=_DIGEST_BYTES
    ).digest()
