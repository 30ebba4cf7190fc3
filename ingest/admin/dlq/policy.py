"""Which dead letters are replayed, and what was replayed before.

The topic of what was replayed is compacted, a record for each event. A record is written in the
transaction of the replayed event, so that one is there with the other.
"""

from collections import defaultdict
from contextlib import suppress
from enum import StrEnum

from ingest.admin.dlq.letter import Letter, NotThereError, SourceRef, event_of
from ingest.admin.dlq.reader import open_topic
from schemas.events import MAX_EVENTS_A_MESSAGE
from schemas.settings import KafkaSettings


class ReplayedRefs:
    """Places of dead letters that have been replayed; some 100 bytes of memory each."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], set[int]] = defaultdict(set)

    def __contains__(self, place: SourceRef) -> bool:
        return _code(place) in self._held.get((place.topic, place.partition), ())

    def add(self, place: SourceRef) -> None:
        self._held[place.topic, place.partition].add(_code(place))


def _code(place: SourceRef) -> int:
    """Offset and index in one number; without an index the whole message is meant."""
    index = 0 if place.index is None else place.index + 1
    return place.offset * (MAX_EVENTS_A_MESSAGE + 1) + index


async def read_replayed(kafka: KafkaSettings) -> ReplayedRefs:
    """All that was replayed by runs that committed; raises TopicError or KafkaError."""
    replayed = ReplayedRefs()
    async with open_topic(kafka, kafka.replayed_topic) as topic:
        async for record in topic.records(await topic.offsets()):
            # Not ours to judge, where somebody else wrote there.
            with suppress(ValueError):
                replayed.add(SourceRef.parse((record.key or b"").decode("utf-8", "replace")))
    return replayed


class SkipReason(StrEnum):
    """Why one is passed over."""

    BEFORE = "replayed before"
    TOO_OFTEN = "replayed and refused too often"
    ELSEWHERE = "from a topic that ingest does not read"
    NOT_THERE = "without its event in the message"
    TOO_LARGE = "larger than the topic takes"
    INCOMPLETE = "not the whole of the original"


class ReplayPolicy:
    """Decides on one dead letter after the other."""

    def __init__(self, kafka: KafkaSettings, replayed: ReplayedRefs, most_replays: int) -> None:
        self._sources = {kafka.samples_topic, kafka.events_topic}
        self._replayed = replayed
        self._most_replays = most_replays

    def skip_reason(self, letter: Letter) -> SkipReason | None:
        """None for one to be replayed, which from then on counts as replayed."""
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
