"""Estimates how many records make a full batch, before they are decoded."""

from collections.abc import Callable
from typing import Final

from ingest.batch import Decoded, Fetched
from ingest.reading.limits import Limits
from schemas.events import MAX_EVENTS_A_MESSAGE

# A dead letter takes about 10 µs, during which all partitions of the batch wait.
MAX_REJECTIONS: Final = 2_000
# Reading this many at once blocks the event loop for less than a millisecond.
MAX_FETCH: Final = 1_000


class BatchSize:
    """Sizes a batch by the events per record of the previous batch, and by bytes.

    `agents` returns the number of cached agents. The first batch assumes that every record is an
    array of the maximum length.
    """

    def __init__(self, limits: Limits, agents: Callable[[], int]) -> None:
        self._limits = limits
        self._agents = agents
        self._events_a_record: float = MAX_EVENTS_A_MESSAGE
        self._rejected_share = 0.0

    def learn(self, records: int, decoded: Decoded) -> None:
        """Adjusts to a batch of this number of records, decoded and checked."""
        if records:
            self._events_a_record = decoded.rows / records
            self._rejected_share = len(decoded.rejections) / max(1, decoded.rows)

    def is_full(self, fetched: Fetched) -> bool:
        """Whether the batch should be written before more is read."""
        return fetched.nbytes >= self._limits.max_bytes or self._room(fetched) <= 0

    def records_to_fetch(self, fetched: Fetched) -> int:
        """The number of records to fetch next, at least 1."""
        return round(min(MAX_FETCH, max(1, self._room(fetched))))

    def _room(self, fetched: Fetched) -> float:
        """The number of records that still fit in the batch."""
        rows: float = self._limits.full_rows(self._agents())
        if self._rejected_share:
            rows = min(rows, MAX_REJECTIONS / self._rejected_share)
        return rows / max(1, self._events_a_record) - fetched.count
