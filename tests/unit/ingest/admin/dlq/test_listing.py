"""The newest in order, all of them counted."""

import io
import json
import random
from datetime import timedelta

import pytest
from rich.console import Console

from ingest.admin.dlq.letter import Letter
from ingest.admin.dlq.listing import LetterLines, Newest, Tally
from tests.unit.ingest.admin.dlq.letters import letter
from tests.unit.ingest.records import NOON


class Kept:
    """A listing that keeps what it is given."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.ended = False

    def add(self, found: Letter, *, replayed: bool) -> None:
        self.offsets.append(found.offset)

    def end(self) -> None:
        self.ended = True


@pytest.mark.parametrize("most", [1, 3, 10, 20])
def test_the_newest_in_order_of_time(most: int) -> None:
    kept = Kept()
    newest = Newest(kept, most)
    offsets = list(range(10))
    random.Random(most).shuffle(offsets)
    for offset in offsets:
        newest.add(letter(own=offset, at=NOON + timedelta(seconds=offset)), replayed=False)
    newest.end()
    assert kept.offsets == list(range(10))[-most:]
    assert kept.ended


def table(found: list[Letter], most: int) -> list[str]:
    output = io.StringIO()
    tally = Tally(Console(file=output, width=120), most)
    for one in found:
        tally.add(one, replayed=one.offset == 0)
    tally.end()
    return [line.strip() for line in output.getvalue().splitlines() if line.strip()]


def test_a_table_and_how_many_there_are() -> None:
    found = [
        letter(own=0, reason="future", key=b"\x1b[31m", detail="[red]said\nso"),
        letter(own=1, place="fleet.events/2/9/4", key=None),
    ]
    head, _, *rows, last = table(found, 50)
    assert head.split() == ["time", "reason", "from", "key", "replayed", "message"]
    assert [row.split() for row in rows] == [
        ["2026-03-01", "12:00:00", "future", "fleet.samples/0/0", "\\x1b[31m", "yes", *DETAIL],
        ["2026-03-01", "12:00:00", "invalid", "fleet.events/2/9/4", "null", "why"],
    ]
    assert last == "2 in total: 1 future, 1 invalid"


DETAIL = ["[red]said\\nso"]


def test_older_ones_are_counted() -> None:
    *_, last = table([letter(own=own) for own in range(5)], 2)
    assert last == "5 in total: 5 invalid; 3 older ones are not listed"


def test_none() -> None:
    assert table([], 2) == ["no dead letters"]


def test_lines_for_programs() -> None:
    output = io.StringIO()
    lines = LetterLines(output)
    lines.add(letter(b"12345", place="fleet.events/2/9/4", key=b"\xff", own=8), replayed=True)
    lines.end()
    assert json.loads(output.getvalue()) == {
        "at": "2026-03-01T12:00:00Z",
        "reason": "invalid",
        "message": "why",
        "topic": "fleet.events",
        "partition": 2,
        "offset": 9,
        "index": 4,
        "key": "\\xff",
        "sizeBytes": 5,
        "replays": 0,
        "replayed": True,
        "deadLetter": "0:8",
    }
