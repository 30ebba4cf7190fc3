"""Partitions that cannot be read: each waits alone, and is tried again by itself.

`Unpacker` reports what is damaged in the data, `watch` what the broker answers instead of data.
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
# An answer may be full before it is this partition's turn.
SILENCE_S: Final = 10.0
SILENT: Final = "the broker sends nothing from there, though the log goes on"
HINT_RIGHTS: Final = "'fleetgauge doctor' names the missing right, and the command that grants it"
HINT_BROKER: Final = (
    "see the broker's log; if that part of the partition is lost, delete it with "
    "kafka-delete-records.sh and run 'fleetgauge ingest --accept-gap'"
)


class Verdict(Enum):
    """What to do about a damaged batch."""

    WAIT = auto()
    SKIP = auto()
    # It is before what is to be read.
    BEHIND = auto()


@dataclass(slots=True)
class _Hold:
    """Why a partition waits; `damage` is None where the broker answered with an error."""

    offset: int | None
    problem: str
    damage: Damage | None
    until: float = 0.0
    logged: float | None = None
    delays: Iterator[float] = field(default_factory=backoff)


class Quarantine:
    """The partitions of one consumer that cannot be read; `pause` pauses one of them there.

    With `skips` a batch that cannot be read twice in a row is passed over.
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
        """All that cannot be read."""
        return self._held.keys()

    @property
    def refused(self) -> set[TopicPartition]:
        """Those that the broker answers with an error, or not at all."""
        return {partition for partition, hold in self._held.items() if hold.damage is None}

    @property
    def waiting(self) -> set[TopicPartition]:
        """Those whose next attempt is not due yet."""
        now = self._clock()
        return {partition for partition, hold in self._held.items() if now < hold.until}

    def passed_to(self, partition: TopicPartition) -> int:
        """The offset behind the last damage that was passed over, 0 where none was."""
        return self._passed_to.get(partition, 0)

    def clear(self) -> None:
        """The consumer has other partitions now."""
        self._held.clear()
        self._settled.clear()
        self._passed_to.clear()
        self._silent_since.clear()
        metrics.UNREADABLE.clear()

    def start(self, settled: Mapping[TopicPartition, int]) -> None:
        """What is before these offsets is settled, damaged or not."""
        self._settled.update(settled)
        for partition in settled.keys() & self._held.keys():
            if self._held[partition].offset is None:
                self._release(partition)
        for partition in settled.keys() - self._held.keys():
            metrics.UNREADABLE.labels(*_labels(partition)).set(0)

    def judge(self, partition: TopicPartition, damage: Damage) -> Verdict:
        """What to do about damage; unless it is passed over the partition waits from now on."""
        hold = self._held.get(partition)
        if damage.next is not None:
            if damage.next <= max(damage.offset, self._settled.get(partition, 0)):
                self._passed_to[partition] = damage.next
                return Verdict.BEHIND
            # Read wrongly once, it may be right on the disk.
            is_confirmed = hold is not None and hold.damage == damage
            if self._skips and is_confirmed:
                log.warning(
                    "unreadable batch passed over",
                    partition=_name(partition),
                    offset=damage.offset,
                    next_offset=damage.next,
                    error=damage.problem,
                )
                self._passed_to[partition] = damage.next
                return Verdict.SKIP
        self._hold(partition, _Hold(damage.offset, damage.problem, damage))
        return Verdict.WAIT

    def refuse(self, partition: TopicPartition, offset: int | None, problem: str) -> None:
        """The broker does not hand the partition out, at this offset if it was asked for one."""
        self._hold(partition, _Hold(offset, problem, None))

    def answered(self, partition: TopicPartition) -> None:
        """The broker hands the partition out."""
        self._silent_since.pop(partition, None)
        hold = self._held.get(partition)
        # Without an offset it is not claimed: that it can be fetched is not enough.
        if hold is not None and hold.damage is None and hold.offset is not None:
            self._release(partition)

    def sent_nothing(self, partition: TopicPartition, offset: int) -> None:
        """The broker sends nothing from this offset on, where there is something."""
        since = self._silent_since.setdefault(partition, self._clock())
        if self._clock() - since >= SILENCE_S:
            self.refuse(partition, offset, SILENT)

    def read(self, partition: TopicPartition, offset: int) -> None:
        """The partition's record at this offset was read."""
        hold = self._held.get(partition)
        if hold is not None and hold.offset is not None and offset >= hold.offset:
            self._release(partition)

    def _hold(self, partition: TopicPartition, new: _Hold) -> None:
        try:
            self._pause(partition)
        except IllegalStateError:
            # Given up while the broker's answer was under way.
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
