"""What has been replayed: a compacted topic beside the dead letters', one record a place.

A record is written in the transaction of the replayed event, so that one is there with the other.
"""

from collections import defaultdict
from contextlib import suppress

from ingest.dlq.letter import Place
from ingest.dlq.log import open_log
from schemas.events import MAX_EVENTS_A_MESSAGE
from schemas.settings import KafkaSettings


class Ledger:
    """Places of dead letters that have been replayed; some 100 bytes of memory each."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], set[int]] = defaultdict(set)

    def __contains__(self, place: Place) -> bool:
        return _code(place) in self._held.get((place.topic, place.partition), ())

    def add(self, place: Place) -> None:
        self._held[place.topic, place.partition].add(_code(place))


def _code(place: Place) -> int:
    """Offset and index in one number; without an index the whole message is meant."""
    index = 0 if place.index is None else place.index + 1
    return place.offset * (MAX_EVENTS_A_MESSAGE + 1) + index


async def read_ledger(kafka: KafkaSettings) -> Ledger:
    """All that was replayed by runs that committed; raises TopicError or KafkaError."""
    ledger = Ledger()
    async with open_log(kafka, kafka.replayed_topic) as log:
        async for record in log.records(await log.part()):
            # Not ours to judge, where somebody else wrote there.
            with suppress(ValueError):
                ledger.add(Place.parse((record.key or b"").decode("utf-8", "replace")))
    return ledger
