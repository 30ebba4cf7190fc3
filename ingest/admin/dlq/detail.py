"""One dead letter in full, as text that is safe for a terminal: reason, headers, event, value."""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ingest.admin.dlq.letter import Letter, NotThereError, event_of
from ingest.decoding.message import is_msgpack

_BYTES_A_LINE: Final = 16
# Errors of a decoder for bytes of another format.
_OTHER: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def plain(content: bytes | None) -> str:
    """Content as one line; invalid UTF-8 and control characters are escaped."""
    if content is None:
        return "null"
    return printable(content.decode("utf-8", "backslashreplace"))


def printable(text: str, kept: str = "") -> str:
    """Escapes unprintable characters except those in `kept`."""
    return "".join(
        c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text
    )


def pretty(letter: Letter, content: bytes | None) -> str:
    """A value of this dead letter's message: JSON and MessagePack as indented JSON, else hex."""
    if not content:
        return "no value" if content is None else "an empty value"
    text = _packed(content) if is_msgpack(letter.headers) else _json(content)
    return printable(text, kept="\n") if text is not None else _hex(content)


def _json(content: bytes) -> str | None:
    try:
        # Unlike decoding, this keeps the digits of numbers.
        return msgspec.json.format(content, indent=2).decode()
    except _OTHER:
        return None


def _packed(content: bytes) -> str | None:
    try:
        value: Any = msgspec.msgpack.decode(content, strict=False)
        # Shows NaN and infinity as such: they may be the reason for the rejection.
        return json.dumps(value, indent=2, ensure_ascii=False, default=repr)
    except (*_OTHER, TypeError, ValueError):
        return None


def _hex(content: bytes) -> str:
    lines = [content[i : i + _BYTES_A_LINE] for i in range(0, len(content), _BYTES_A_LINE)]
    return "\n".join(
        f"{number * _BYTES_A_LINE:08x}  {line.hex(' '):<47}  "
        + "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)
        for number, line in enumerate(lines)
    )


def detail_of(letter: Letter, *, replayed: bool) -> str:
    """Everything about a dead letter, as lines for a terminal."""
    return "\n".join(_lines(letter, replayed=replayed))


def further_detail_of(letter: Letter, *, replayed: bool) -> str:
    """Only the parts that differ for another event of the same array."""
    return "\n".join(
        [
            f"event {letter.place.index} of the same value",
            f"replayed     {'yes' if replayed else 'no'}",
            _event(letter),
        ]
    )


def _lines(letter: Letter, *, replayed: bool) -> Iterator[str]:
    yield f"from         {printable(str(letter.place))}"
    yield f"dead letter  {letter.partition}:{letter.offset}, {letter.at:%Y-%m-%d %H:%M:%S.%f} UTC"
    yield f"reason       {printable(letter.reason)}"
    yield f"message      {printable(letter.detail)}"
    yield f"replayed     {'yes' if replayed else 'no'}"
    yield f"key          {plain(letter.key)}"
    for name, value in letter.headers:
        yield f"header       {printable(name)}: {plain(value)}"
    if letter.place.index is not None:
        yield f"\nevent {letter.place.index}"
        yield _event(letter)
    yield f"\nvalue, {len(letter.value or b''):,} bytes"
    yield pretty(letter, letter.value)


def _event(letter: Letter) -> str:
    try:
        return pretty(letter, event_of(letter))
    except NotThereError as error:
        return printable(str(error))
