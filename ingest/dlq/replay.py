"""`fleetgauge dlq replay`: dead letters back to where they came from, each once."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from ingest.dlq.choice import Choice, Passed
from ingest.dlq.ledger import read_ledger
from ingest.dlq.letter import Letter
from ingest.dlq.log import open_log
from ingest.dlq.original import event_of
from ingest.dlq.reader import Looked, wanted_letters
from ingest.dlq.sender import Sender
from ingest.dlq.wanted import Wanted
from schemas.settings import KafkaSettings

# A transaction holds no more: some tenths of a second, which ingest waits for in its partitions.
BATCH_LETTERS: Final = 500
BATCH_BYTES: Final = 4 * 1024**2


@dataclass(slots=True)
class Outcome:
    """What became of the dead letters that were wanted; grows while they are replayed."""

    replayed: int = 0
    passed_over: Counter[Passed] = field(default_factory=Counter)


async def replay(
    kafka: KafkaSettings, wanted: Wanted, most_replays: int, outcome: Outcome, looked: Looked
) -> None:
    """Replays what is wanted and was not replayed before.

    Raises TopicError or KafkaError; what is in the outcome by then is replayed.
    """
    async with Sender(kafka) as sender:
        # Not before it is the only one: nobody adds to the ledger from here on.
        choice = Choice(kafka, await read_ledger(kafka), most_replays)
        async with open_log(kafka, kafka.deadletter_topic) as log:
            letters = chosen(wanted_letters(log, wanted, looked), choice, outcome)
            async for batch in _batches(letters):
                too_large = await sender.send(batch)
                outcome.replayed += len(batch) - len(too_large)
                outcome.passed_over.update([Passed.TOO_LARGE] * len(too_large))


async def chosen(
    letters: AsyncIterator[Letter], choice: Choice, outcome: Outcome
) -> AsyncIterator[Letter]:
    """Those to be replayed; the outcome counts the others."""
    async for letter in letters:
        passed_over = choice.passed_over(letter)
        if passed_over is None:
            yield letter
        else:
            outcome.passed_over[passed_over] += 1


async def _batches(letters: AsyncIterator[Letter]) -> AsyncIterator[list[Letter]]:
    batch: list[Letter] = []
    nbytes = 0
    async for letter in letters:
        batch.append(letter)
        nbytes += len(event_of(letter) or b"")
        if len(batch) == BATCH_LETTERS or nbytes >= BATCH_BYTES:
            yield batch
            batch, nbytes = [], 0
    if batch:
        yield batch
