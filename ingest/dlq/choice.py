"""Whether a dead letter is to be replayed, and why not."""

from enum import StrEnum

from ingest.dlq.ledger import Ledger
from ingest.dlq.letter import Letter
from ingest.dlq.original import NotThereError, event_of
from schemas.settings import KafkaSettings


class Passed(StrEnum):
    """Why one is passed over."""

    BEFORE = "replayed before"
    TOO_OFTEN = "replayed and refused too often"
    ELSEWHERE = "from a topic that ingest does not read"
    NOT_THERE = "without its event in the message"
    TOO_LARGE = "larger than the topic takes"
    INCOMPLETE = "not the whole of the original"


class Choice:
    """Decides on one dead letter after the other."""

    def __init__(self, kafka: KafkaSettings, ledger: Ledger, most_replays: int) -> None:
        self._sources = {kafka.samples_topic, kafka.events_topic}
        self._ledger = ledger
        self._most_replays = most_replays

    def passed_over(self, letter: Letter) -> Passed | None:
        """None for one to be replayed, which from then on counts as replayed."""
        if letter.place.topic not in self._sources:
            return Passed.ELSEWHERE
        if letter.place in self._ledger:
            return Passed.BEFORE
        if letter.replays >= self._most_replays:
            return Passed.TOO_OFTEN
        if not letter.is_whole:
            return Passed.INCOMPLETE
        try:
            event_of(letter)
        except NotThereError:
            return Passed.NOT_THERE
        self._ledger.add(letter.place)
        return None
