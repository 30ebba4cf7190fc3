"""Decides which dead letters to replay, and reads which ones were replayed before.

The replayed topic is compacted and has a record for each replayed event. It is written in the same
transaction as the event, so neither exists without the other.
"""

from collections import defaultdict
from contextlib import suppress
from enum import StrEnum

from ingest.admin.dlq.letter import Letter, NotThereError, SourceRef, event_of
from ingest.admin.dlq.reader import open_topic
from schemas.events import MAX_EVENTS_A_MESSAGE
from schemas.settings import KafkaSettings


class ReplayedRefs:
    """Positions of dead letters that have been replayed; about 100 bytes of memory each."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], set[int]] = defaultdict(set)

    def __contains__(self, place: SourceRef) -> bool:
        return _code(place) in self._held.get((place.topic, place.partition), ())

    def add(self, place: SourceRef) -> None:
        self._held[place.topic, place.partition].add(_code(place))


def _code(place: SourceRef) -> int:
    """Encodes offset and index in one number; no index stands for the whole message."""
    index = 0 if place.index is None else place.index + 1
    return place.offset * (MAX_EVENTS_A_MESSAGE + 1) + index


async def read_replayed(kafka: KafkaSettings) -> ReplayedRefs:
    """Reads the committed records of replays; raises TopicError or KafkaError."""
    replayed = ReplayedRefs()
    async with open_topic(kafka, kafka.replayed_topic) as topic:
        async for record in topic.records(await topic.offsets()):
            # Ignore records of other writers.
            with suppress(ValueError):
                replayed.add(SourceRef.parse((record.key or b"").decode("utf-8", "replace")))
    return replayed


class SkipReason(StrEnum):
    """Why a dead letter is skipped. Reports use the names as JSON keys."""

    BEFORE = "already replayed"
    TOO_OFTEN = "replayed and rejected too often"
    ELSEWHERE = "from a topic that ingest does not read"
    NOT_THERE = "event not found in the message"
    TOO_LARGE = "larger than the topic allows"
    INCOMPLETE = "original incomplete"


class ReplayPolicy:
    """Decides for each dead letter whether to replay it."""

    def __init__(self, kafka: KafkaSettings, replayed: ReplayedRefs, most_replays: int) -> None:
        self._sources = {kafka.samples_topic, kafka.events_topic}
        self._replayed = replayed
        self._most_replays = most_replays

    def skip_reason(self, letter: Letter) -> SkipReason | None:
        """Returns None if the dead letter must be replayed, and records it as replayed."""
        if letter.place.topic not in self._sources:
            return SkipReason.ELSEWHERE
        if letter.place in self._replayed:
            return SkipReason.BEFORE
        if letter.replays >= self._most_replays:
            return SkipReason.TOO_OFTEN
        if not letter.is_whole:
            return SkipReason.INCOMPLETE
        try:
            event_of(letter)
        except NotThereError:
            return SkipReason.NOT_THERE
        self._replayed.add(letter.place)
        return None
