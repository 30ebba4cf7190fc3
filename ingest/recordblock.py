"""Records as positions in the fetched bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import numpy as np

from ingest.record import Record

SPACE: Final = ord(" ")
NEWLINE: Final = ord("\n")


@dataclass(frozen=True, slots=True, eq=False)
class RecordBlock(Sequence[Record]):
    """Records of one partition in one buffer, all with a value and without headers.

    The arrays have one entry a record: offset, broker time in milliseconds since 1970, and the
    position of key and value in `data`. A key of length -1 is null. A Record is created only on
    access.
    """

    topic: str
    partition: int
    data: bytearray
    offsets: Any
    timestamps: Any
    key_starts: Any
    key_lengths: Any
    value_starts: Any
    value_lengths: Any

    def __len__(self) -> int:
        return len(self.offsets)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> "RecordBlock": ...
    def __getitem__(self, place: int | slice) -> "Record | RecordBlock":
        if isinstance(place, slice):
            return RecordBlock(
                self.topic,
                self.partition,
                self.data,
                self.offsets[place],
                self.timestamps[place],
                self.key_starts[place],
                self.key_lengths[place],
                self.value_starts[place],
                self.value_lengths[place],
            )
        return Record(
            self.topic,
            self.partition,
            int(self.offsets[place]),
            int(self.timestamps[place]),
            self._bytes(self.key_starts[place], self.key_lengths[place]),
            self._bytes(self.value_starts[place], self.value_lengths[place]),
            (),
        )

    def _bytes(self, start: int, length: int) -> bytes | None:
        return None if length < 0 else bytes(self.data[start : start + length])

    @property
    def nbytes(self) -> int:
        """The size of all values."""
        return int(self.value_lengths.sum())

    def values(self) -> list[bytes]:
        """The values."""
        starts, ends = self.value_starts.tolist(), (self.value_starts + self.value_lengths).tolist()
        return [bytes(self.data[start:end]) for start, end in zip(starts, ends, strict=True)]

    def text(self) -> bytearray:
        """The values, one a line; the bytes between two values are replaced by spaces."""
        starts = (self.value_starts - self.value_starts[0]).astype(np.int32)
        ends = starts + self.value_lengths.astype(np.int32)
        first = int(self.value_starts[0])
        text = self.data[first : first + int(ends[-1])]
        gaps, sizes = ends[:-1], starts[1:] - ends[:-1]
        # Number the bytes of all gaps from 0; `behind` is each byte's position minus its number.
        behind = np.repeat(gaps - sizes.cumsum(dtype=np.int32) + sizes, sizes)
        lines = np.frombuffer(text, np.uint8)
        lines[np.arange(len(behind), dtype=np.int32) + behind] = SPACE
        lines[gaps] = NEWLINE
        return text
