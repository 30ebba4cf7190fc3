"""An ordered sequence of records, in parts of different representation."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import compress
from operator import attrgetter
from typing import Any, Final, overload

import numpy as np

from ingest.decoding.lines import Lines
from ingest.record import Record
from ingest.recordblock import RecordBlock

Part = RecordBlock | list[Record]

_TIMESTAMP: Final = attrgetter("timestamp")
_VALUE: Final = attrgetter("value")


class Records(Sequence[Record]):
    """Concatenated parts, each a block or a list of records."""

    def __init__(self, parts: Iterable[Sequence[Record]] = ()) -> None:
        self._parts: list[Part] = []
        self._ends: list[int] = []
        for part in parts:
            self.extend(part)

    def extend(self, more: Sequence[Record]) -> None:
        """Appends records."""
        for part in _parts_of(more):
            if len(part):
                self._parts.append(part)
                self._ends.append(len(self) + len(part))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> "Records": ...
    def __getitem__(self, place: int | slice) -> "Record | Records":
        if isinstance(place, slice):
            return self._between(*place.indices(len(self))[:2])
        at = range(len(self))[place]
        number = bisect_right(self._ends, at)
        part = self._parts[number]
        return part[at - self._ends[number] + len(part)]

    def _between(self, first: int, end: int) -> "Records":
        starts = (stop - len(part) for stop, part in zip(self._ends, self._parts, strict=True))
        return Records(
            part[max(0, first - start) : max(0, end - start)]
            for start, part in zip(starts, self._parts, strict=True)
        )

    @property
    def nbytes(self) -> int:
        """The size of all values."""
        return sum(map(_nbytes, self._parts))

    def timestamps(self) -> Any:
        """An array of broker times, in milliseconds since 1970."""
        found = [_timestamps(part) for part in self._parts]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def lines(self, max_bytes: int) -> tuple[Lines, Any]:
        """The values without headers and of up to `max_bytes`, and an array of their indexes."""
        kept = [_lines_of(part, max_bytes) for part in self._parts]
        starts = (stop - len(part) for stop, part in zip(self._ends, self._parts, strict=True))
        places = [start + places for start, (_, places) in zip(starts, kept, strict=True)]
        return (
            Lines([lines for lines, _ in kept]),
            np.concatenate(places) if places else np.empty(0, np.int64),
        )


def _parts_of(records: Sequence[Record]) -> Sequence[Part]:
    match records:
        case Records():
            return records._parts  # noqa: SLF001 - its own
        case RecordBlock():
            return [records]
        case _:
            return [list(records)]


def _nbytes(part: Part) -> int:
    if isinstance(part, RecordBlock):
        return part.nbytes
    return sum(map(len, filter(None, map(_VALUE, part))))


def _timestamps(part: Part) -> Any:
    if isinstance(part, RecordBlock):
        return part.timestamps
    return np.fromiter(map(_TIMESTAMP, part), np.int64, len(part))


def _lines_of(part: Part, max_bytes: int) -> tuple[RecordBlock | list[bytes], Any]:
    if isinstance(part, RecordBlock):
        if (part.value_lengths <= max_bytes).all():
            return part, np.arange(len(part))
        part = list(part)
    are_kept = [
        record.value is not None and len(record.value) <= max_bytes and not record.headers
        for record in part
    ]
    return list(compress(map(_VALUE, part), are_kept)), np.flatnonzero(are_kept)
