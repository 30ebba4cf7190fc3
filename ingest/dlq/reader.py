"""Reads the dead letters that a command is about."""

from collections.abc import AsyncIterator, Callable

from ingest.dlq.letter import Letter, letters_of
from ingest.dlq.log import Log
from ingest.dlq.wanted import Wanted

# How many records have been looked at, of how many.
Looked = Callable[[int, int], None]


async def wanted_letters(log: Log, wanted: Wanted, looked: Looked) -> AsyncIterator[Letter]:
    """Those that there are now, in order; records that ingest did not write are passed over.

    Raises KafkaTimeoutError where the broker falls silent.
    """
    part = await log.part(wanted.since, wanted.until)
    done, total = 0, len(part)
    looked(done, total)
    async for record in log.records(part):
        for letter in letters_of(record):
            if wanted.fits(letter):
                yield letter
        done += 1
        looked(done, total)
    looked(total, total)
