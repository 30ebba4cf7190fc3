"""Finds dead letters by where they are, or by where the original was."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple

from ingest.dlq.letter import Letter, Place, letters_of
from ingest.dlq.log import Log, Part
from ingest.dlq.reader import Looked, wanted_letters
from ingest.dlq.wanted import Wanted


class Own(NamedTuple):
    """A dead letter's own place in its topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


Target = Own | Place


def target(text: str) -> Target:
    """What PARTITION:OFFSET stands for, or TOPIC/PARTITION/OFFSET with or without /INDEX.

    Raises ValueError, a sentence, for anything else.
    """
    own = re.fullmatch(r"(\d{1,9}):(\d{1,18})", text)
    try:
        return Own(int(own[1]), int(own[2])) if own else Place.parse(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no TOPIC/PARTITION/OFFSET, TOPIC/PARTITION/OFFSET/INDEX or "
            "PARTITION:OFFSET"
        ) from error


async def find(log: Log, at: Target, looked: Looked) -> list[Letter]:
    """The dead letters there; one that is there twice is found once."""
    letters = _one(log, at) if isinstance(at, Own) else _of(log, at, looked)
    async with aclosing(letters):
        return list({letter.place: letter async for letter in letters}.values())


async def _one(log: Log, at: Own) -> AsyncGenerator[Letter, None]:
    there = await log.part()
    for held, (first, end) in there.bounds.items():
        if held.partition == at.partition and first <= at.offset < end:
            async for record in log.records(Part({held: (at.offset, at.offset + 1)})):
                for letter in letters_of(record):
                    yield letter


async def _of(log: Log, place: Place, looked: Looked) -> AsyncGenerator[Letter, None]:
    wanted = Wanted(topic=place.topic, partition=place.partition)
    async for letter in wanted_letters(log, wanted, looked):
        same_record = letter.place.offset == place.offset
        if same_record and place.index in (None, letter.place.index):
            yield letter
