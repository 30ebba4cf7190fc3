"""Messages as lines of one text, which is what many are parsed from at once."""

from collections.abc import Iterator, Sequence

from ingest.recordblock import RecordBlock

Part = RecordBlock | list[bytes]


class Lines:
    """The values of messages, in parts that are blocks of records or lists of values."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = [part for part in parts if len(part)]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def text(self) -> bytes:
        """All of them, a line each; spaces may stand before one."""
        return b"\n".join(map(_text_of, self._parts))

    def values(self) -> list[bytes]:
        """Each one."""
        return [value for part in self._parts for value in _values_of(part)]

    def between(self, first: int, end: int) -> "Lines":
        """Those with the places from `first` on and before `end`."""
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
