"""Unreadable partitions: each is paused and retried on its own.

`Unpacker` reports damaged data, `report_fetches` errors in the broker's responses.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from ingest import metrics
from ingest.reading.unreadable import Damage
from ingest.retry import backoff

log = structlog.get_logger("ingest")

LOG_EVERY_S: Final = 60.0
# A response may be full before this partition's turn.
SILENCE_S: Final = 10.0
SILENT: Final = "the broker returns no records from this offset, but the log continues"
HINT_RIGHTS: Final = "'fleetgauge doctor' names the missing right, and the command that grants it"
HINT_BROKER: Final = (
    "see the broker's log; if that part of the partition is lost, delete it with "
    "kafka-delete-records.sh and run 'fleetgauge ingest --accept-gap'"
)


class Verdict(Enum):
    """How to handle a damaged batch."""

    WAIT = auto()
    SKIP = auto()
    # It is before the position.
    BEHIND = auto()


@dataclass(slots=True)
class _Hold:
    """Why a partition is paused; `damage` is None if the broker responded with an error."""

    offset: int | None
    problem: str
    damage: Damage | None
    until: float = 0.0
    logged: float | None = None
    delays: Iterator[float] = field(default_factory=backoff)


class Quarantine:
    """The unreadable partitions of one consumer; `pause` pauses one in the consumer.

    With `skips` a batch that is unreadable twice in a row is skipped.
    """

    def __init__(
        self,
        pause: Callable[[TopicPartition], None],
        *,
        skips: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pause = pause
        self._skips = skips
        self._clock = clock
        self._held: dict[TopicPartition, _Hold] = {}
        self._settled: dict[TopicPartition, int] = {}
        self._passed_to: dict[TopicPartition, int] = {}
        self._silent_since: dict[TopicPartition, float] = {}

    @property
    def held(self) -> Set[TopicPartition]:
        """All unreadable partitions."""
        return self._held.keys()

    @property
    def failed(self) -> set[TopicPartition]:
        """Those with an error response or no response from the broker."""
        return {partition for partition, hold in self._held.items() if hold.damage is None}

    @property
    def waiting(self) -> set[TopicPartition]:
        """Those whose next retry is not due yet."""
        now = self._clock()
        return {partition for partition, hold in self._held.items() if now < hold.until}

    def passed_to(self, partition: TopicPartition) -> int:
        """The offset after the last skipped damage, 0 without any."""
        return self._passed_to.get(partition, 0)

    def clear(self) -> None:
        """The assignment has changed: forgets all partitions."""
        self._held.clear()
        self._settled.clear()
        self._passed_to.clear()
        self._silent_since.clear()
        metrics.UNREADABLE.clear()

    def start(self, settled: Mapping[TopicPartition, int]) -> None:
        """Everything before these offsets is stored or skipped, damaged or not."""
        self._settled.update(settled)
        for partition in settled.keys() & self._held.keys():
            if self._held[partition].offset is None:
                self._release(partition)
        for partition in settled.keys() - self._held.keys():
            metrics.UNREADABLE.labels(*_labels(partition)).set(0)

    def judge(self, partition: TopicPartition, damage: Damage) -> Verdict:
        """How to handle damage; pauses the partition unless the damage is passed over."""
        hold = self._held.get(partition)
        if damage.next is not None:
            if damage.next <= max(damage.offset, self._settled.get(partition, 0)):
                self._passed_to[partition] = damage.next
                return Verdict.BEHIND
            # A second fetch may be intact: the damage may not be on the broker's disk.
            is_confirmed = hold is not None and hold.damage == damage
            if self._skips and is_confirmed:
                log.warning(
                    "unreadable batch skipped",
                    partition=_name(partition),
                    offset=damage.offset,
                    next_offset=damage.next,
                    error=damage.problem,
                )
                self._passed_to[partition] = damage.next
                return Verdict.SKIP
        self._hold(partition, _Hold(damage.offset, damage.problem, damage))
        return Verdict.WAIT

    def fetch_failed(self, partition: TopicPartition, offset: int | None, problem: str) -> None:
        """The broker does not serve the partition; `offset` is the one requested, if any."""
        self._hold(partition, _Hold(offset, problem, None))

    def fetch_succeeded(self, partition: TopicPartition) -> None:
        """The broker serves the partition."""
        self._silent_since.pop(partition, None)
        hold = self._held.get(partition)
        # Without an offset the partition is not claimed yet, so a fetch is not enough.
        if hold is not None and hold.damage is None and hold.offset is not None:
            self._release(partition)

    def fetch_empty(self, partition: TopicPartition, offset: int) -> None:
        """The broker returned no records from this offset, although the log continues."""
        since = self._silent_since.setdefault(partition, self._clock())
        if self._clock() - since >= SILENCE_S:
            self.fetch_failed(partition, offset, SILENT)

    def read(self, partition: TopicPartition, offset: int) -> None:
        """The record at this offset was read."""
        hold = self._held.get(partition)
        if hold is not None and hold.offset is not None and offset >= hold.offset:
            self._release(partition)

    def _hold(self, partition: TopicPartition, new: _Hold) -> None:
        try:
            self._pause(partition)
        except IllegalStateError:
            # Revoked before the response arrived.
            return
        known = self._held.get(partition)
        if known is None or (known.offset, known.problem) != (new.offset, new.problem):
            self._held[partition] = known = new
        known.damage = new.damage
        now = self._clock()
        known.until = now + next(known.delays)
        metrics.UNREADABLE.labels(*_labels(partition)).set(1)
        metrics.READ_ERRORS.labels(*_labels(partition)).inc()
        if known.logged is None or now - known.logged >= LOG_EVERY_S:
            known.logged = now
            log.warning(
                "partition cannot be read",
                partition=_name(partition),
                offset=known.offset,
                error=known.problem,
                hint=_hint(known),
            )

    def _release(self, partition: TopicPartition) -> None:
        del self._held[partition]
        metrics.UNREADABLE.labels(*_labels(partition)).set(0)
        log.info("partition can be read again", partition=_name(partition))


def _hint(hold: _Hold) -> str:
    damage = hold.damage
    if "AuthorizationFailed" in hold.problem:
        return HINT_RIGHTS
    if damage is None or damage.next is None:
        return HINT_BROKER
    return (
        f"to send offsets {damage.offset} to {damage.next - 1} to the dead letters unread, run "
        "'fleetgauge ingest --skip-unreadable'"
    )


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def _labels(partition: TopicPartition) -> tuple[str, str]:
    return partition.topic, str(partition.partition)
