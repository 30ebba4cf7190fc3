"""What is in the dead letters, deduplicated by the original's place."""

from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from tests.support.kafka import found
from tests.support.stack import Stack, Topics

ORIGIN = "__connect.errors."


@dataclass(frozen=True)
class Place:
    """Where an event is: its record, and its index if the record is an array."""

    partition: TopicPartition
    offset: int
    index: int | None = None

    @property
    def order(self) -> tuple[str, int, int, int]:
        """Sorts as the log has it, one partition after the other."""
        return (*self.partition, self.offset, self.index or 0)


async def dead_letters(stack: Stack, topics: Topics) -> dict[Place, Any]:
    """The dead letters' records; of one that came twice, the first."""
    letters: dict[Place, Any] = {}
    for record in await found(stack, topics.deadletter):
        for place in _places(dict(record.headers)):
            letters.setdefault(place, record)
    return letters


def _places(headers: dict[str, bytes]) -> list[Place]:
    text = headers.get("fleetgauge.index")
    partition = TopicPartition(
        headers[f"{ORIGIN}topic"].decode(), int(headers[f"{ORIGIN}partition"])
    )
    offset = int(headers[f"{ORIGIN}offset"])
    if text is None:
        return [Place(partition, offset)]
    ranges = [list(map(int, part.split("-"))) for part in text.decode().split(",")]
    return [Place(partition, offset, i) for r in ranges for i in range(r[0], r[-1] + 1)]
