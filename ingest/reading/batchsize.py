"""How many records make a full batch: what they hold is known only when they are decoded."""

from collections.abc import Callable
from typing import Final

from ingest.batch import Decoded, Fetched
from ingest.reading.limits import Limits
from schemas.events import MAX_EVENTS_A_MESSAGE

# Dead letters take some ten microseconds each, and every partition of the batch waits for them.
MAX_REJECTIONS: Final = 2_000
# Reading so many at once keeps the event loop for less than a millisecond.
MAX_FETCH: Final = 1_000


class BatchSize:
    """Sizes a batch by what the records of the last one held, and by their bytes.

    `agents` is the number of agents known now. At first every record is taken for the fullest that
    there may be.
    """

    def __init__(self, limits: Limits, agents: Callable[[], int]) -> None:
        self._limits = limits
        self._agents = agents
        self._events_a_record: float = MAX_EVENTS_A_MESSAGE
        self._rejected_share = 0.0

    def learn(self, records: int, decoded: Decoded) -> None:
        """A batch of so many records was decoded and checked."""
        if records:
            self._events_a_record = decoded.rows / records
            self._rejected_share = len(decoded.rejections) / max(1, decoded.rows)

    def is_full(self, fetched: Fetched) -> bool:
        """Whether nothing more should be read before this is written."""
        return fetched.nbytes >= self._limits.max_bytes or self._room(fetched) <= 0

    def records_to_fetch(self, fetched: Fetched) -> int:
        """How many records to ask for next; 1 or more."""
        return round(min(MAX_FETCH, max(1, self._room(fetched))))

    def _room(self, fetched: Fetched) -> float:
        """The records that the batch has room for."""
        rows: float = self._limits.full_rows(self._agents())
        if self._rejected_share:
            rows = min(rows, MAX_REJECTIONS / self._rejected_share)
        return rows / max(1, self._events_a_record) - fetched.count
