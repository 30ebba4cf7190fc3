"""One partition's backlog: how many records wait, since when, and what withholds them."""

from dataclasses import dataclass

from ingest.kafka.logends import LogEnd


@dataclass(slots=True)
class PartitionLag:
    """Times are in seconds since 1970.

    No waiting record is older than `newer_than`: the time of the last record stored, of the first
    one read and not stored yet, or of a moment when none waited, whichever is latest. Where none of
    these is known, `seen_waiting` is when records were first seen to wait.
    """

    newer_than: float | None = None
    seen_waiting: float | None = None
    behind: int | None = None
    open_at: int | None = None
    open_since: float = 0.0

    def is_newer_than(self, moment: float) -> None:
        """No waiting record is older than this."""
        self.newer_than = moment if self.newer_than is None else max(self.newer_than, moment)

    def measure(self, stored: int, end: LogEnd, asked: float) -> None:
        """Takes what the broker answered to a question asked at that time."""
        self.behind = max(0, end.high - stored)
        if self.behind == 0:
            self.is_newer_than(asked)
            self.seen_waiting = None
        elif self.seen_waiting is None:
            self.seen_waiting = asked
        open_at = end.stable if end.stable < end.high else None
        if open_at != self.open_at:
            self.open_at, self.open_since = open_at, asked

    def age(self, now: float) -> float:
        """The most that the oldest waiting record can be old; 0 where none waits."""
        since = self.seen_waiting if self.newer_than is None else self.newer_than
        return max(0.0, now - since) if self.behind and since is not None else 0.0

    def open_for(self, now: float) -> float:
        """For how long the same transaction has been seen to be open; 0 where none is."""
        return 0.0 if self.open_at is None else max(0.0, now - self.open_since)
