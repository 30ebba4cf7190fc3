"""One partition's lag in records and seconds, and the open transaction that blocks it."""

from dataclasses import dataclass

from ingest.kafka.logends import LogEnd


@dataclass(slots=True)
class PartitionLag:
    """Times are in seconds since 1970.

    All records not stored are newer than `newer_than`: the latest of the time of the last stored
    record, of the first record read and not stored yet, and of the last measurement without lag.
    If none is known, `seen_waiting` is the time of the first measurement with lag.
    """

    newer_than: float | None = None
    seen_waiting: float | None = None
    records: int | None = None
    open_at: int | None = None
    open_since: float = 0.0

    def is_newer_than(self, time_s: float) -> None:
        """All records not stored are newer than this time."""
        self.newer_than = time_s if self.newer_than is None else max(self.newer_than, time_s)

    def measure(self, stored: int, end: LogEnd, asked_at: float) -> None:
        """Updates the lag with a log end that was requested at that time."""
        self.records = max(0, end.high - stored)
        if self.records == 0:
            self.is_newer_than(asked_at)
            self.seen_waiting = None
        elif self.seen_waiting is None:
            self.seen_waiting = asked_at
        open_at = end.stable if end.stable < end.high else None
        if open_at != self.open_at:
            self.open_at, self.open_since = open_at, asked_at

    def age(self, now: float) -> float:
        """An upper bound of the age of the oldest record not stored; 0 without lag."""
        since = self.seen_waiting if self.newer_than is None else self.newer_than
        return max(0.0, now - since) if self.records and since is not None else 0.0

    def open_for(self, now: float) -> float:
        """How long the same transaction has been seen open; 0 without one."""
        return 0.0 if self.open_at is None else max(0.0, now - self.open_since)
