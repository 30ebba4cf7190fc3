"""Messages as lines of one text, so that they can be parsed at once."""

from collections.abc import Iterator, Sequence

from ingest.recordblock import RecordBlock

Part = RecordBlock | list[bytes]


class Lines:
    """Message values, in parts that are record blocks or lists."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = [part for part in parts if len(part)]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def text(self) -> bytes:
        """The values, one a line, some with leading spaces."""
        return b"\n".join(map(_text_of, self._parts))

    def values(self) -> list[bytes]:
        """The values as a list."""
        return [value for part in self._parts for value in _values_of(part)]

    def between(self, first: int, end: int) -> "Lines":
        """The values with indexes [first, end)."""
        return Lines(list(self._between(first, end)))

    def _between(self, first: int, end: int) -> Iterator[Part]:
        start = 0
        for part in self._parts:
            yield part[max(0, first - start) : max(0, end - start)]
            start += len(part)


def _text_of(part: Part) -> bytes | bytearray:
    return part.text() if isinstance(part, RecordBlock) else b"\n".join(part)


def _values_of(part: Part) -> list[bytes]:
    return part.values() if isinstance(part, RecordBlock) else part
