"""Lists dead letters and reports results of replays, as tables or as JSON."""

import heapq
import sys
from collections import Counter
from datetime import datetime
from typing import IO, Final, Protocol

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.admin.dlq.detail import plain, printable
from ingest.admin.dlq.letter import Letter
from ingest.admin.dlq.policy import SkipReason
from ingest.admin.dlq.replay import ReplayResult


class Listing(Protocol):
    """Receives dead letters as they are read, oldest first within each partition."""

    def add(self, letter: Letter, *, replayed: bool) -> None:
        """Adds a dead letter; `replayed` is whether it has been replayed."""

    def end(self) -> None:
        """Called after the last dead letter."""


class Line(msgspec.Struct, rename="camel"):
    """A dead letter as JSON; bytes of the key that are not UTF-8 are written as `\\xff`."""

    at: datetime
    reason: str
    message: str
    topic: str
    partition: int
    offset: int
    index: int | None
    key: str | None
    size_bytes: int
    replays: int
    replayed: bool
    dead_letter: str


def line_of(letter: Letter, *, replayed: bool) -> Line:
    """A dead letter's fields; `dead_letter` is its partition:offset in the dead-letter topic."""
    return Line(
        at=letter.at,
        reason=letter.reason,
        message=letter.detail,
        topic=letter.place.topic,
        partition=letter.place.partition,
        offset=letter.place.offset,
        index=letter.place.index,
        key=None if letter.key is None else letter.key.decode("utf-8", "backslashreplace"),
        size_bytes=len(letter.value or b""),
        replays=letter.replays,
        replayed=replayed,
        dead_letter=f"{letter.partition}:{letter.offset}",
    )


class LetterLines:
    """Writes each dead letter at once as a line of JSON."""

    def __init__(self, output: IO[str]) -> None:
        self._output = output

    def add(self, letter: Letter, *, replayed: bool) -> None:
        line = msgspec.json.encode(line_of(letter, replayed=replayed))
        self._output.write(f"{line.decode()}\n")

    def end(self) -> None:
        self._output.flush()


class Rows:
    """Prints all dead letters as one table."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._table = Table("time", "reason", "from", "key", "replayed", "message", box=SIMPLE_HEAD)

    def add(self, letter: Letter, *, replayed: bool) -> None:
        self._table.add_row(*map(Text, _cells(letter, replayed=replayed)))

    def end(self) -> None:
        if self._table.row_count:
            self._console.print(self._table)


class Newest:
    """Passes only the newest dead letters on, at the end, oldest first."""

    def __init__(self, listing: Listing, most: int) -> None:
        self._listing = listing
        self._most = most
        self._held: list[tuple[datetime, int, int, bool, Letter]] = []

    def add(self, letter: Letter, *, replayed: bool) -> None:
        entry = (letter.at, letter.partition, letter.offset, replayed, letter)
        if len(self._held) < self._most:
            heapq.heappush(self._held, entry)
        else:
            heapq.heappushpop(self._held, entry)

    def end(self) -> None:
        for *_, replayed, letter in sorted(self._held):
            self._listing.add(letter, replayed=replayed)
        self._listing.end()


class Tally:
    """Prints the newest dead letters as a table, and below it the count for each reason."""

    def __init__(self, console: Console, most: int) -> None:
        self._console = console
        self._most = most
        self._newest = Newest(Rows(console), most)
        self._reasons: Counter[str] = Counter()

    def add(self, letter: Letter, *, replayed: bool) -> None:
        self._reasons[letter.reason] += 1
        self._newest.add(letter, replayed=replayed)

    def end(self) -> None:
        self._newest.end()
        self._console.print(Text(self._summary()))

    def _summary(self) -> str:
        total = self._reasons.total()
        if not total:
            return "no dead letters"
        reasons = ", ".join(f"{count:,} {name}" for name, count in self._reasons.most_common())
        older = total - self._most
        left_out = f"; {older:,} older ones are not listed" if older > 0 else ""
        return f"{total:,} in total: {printable(reasons)}{left_out}"


def _cells(letter: Letter, *, replayed: bool) -> tuple[str, ...]:
    return (
        f"{letter.at:%Y-%m-%d %H:%M:%S}",
        printable(letter.reason),
        str(letter.place),
        plain(letter.key),
        "yes" if replayed else "",
        printable(letter.detail),
    )


# The number of dead letters that a dry run lists.
LISTED: Final = 50


class Report(Protocol):
    """Receives the dead letters of a dry run, and the result of a dry run or a replay."""

    listing: Listing

    def dry_run_ended(self, outcome: ReplayResult) -> None:
        """Called after a dry run; `replayed` counts what a replay would send."""

    def replay_ended(self, outcome: ReplayResult) -> None:
        """Called after a replay, also a stopped or failed one."""


class ForPeople:
    """Prints a table for a dry run, and a sentence with the counts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.listing: Listing = Tally(console, LISTED)

    def dry_run_ended(self, outcome: ReplayResult) -> None:
        self._print("dry run: nothing is replayed", outcome)

    def replay_ended(self, outcome: ReplayResult) -> None:
        self._print(f"{outcome.replayed:,} replayed", outcome)

    def _print(self, result: str, outcome: ReplayResult) -> None:
        skipped = [f"{count:,} skipped ({why})" for why, count in outcome.skipped.items()]
        self._console.print(Text("; ".join([result, *skipped])))


class ReplayCounts(msgspec.Struct, rename="camel"):
    """`skipped` has every reason, including those with 0."""

    dry_run: bool
    replayed: int
    skipped: dict[str, int]


class ForPrograms:
    """Prints a line of JSON, with the same fields for a dry run and a replay."""

    def __init__(self) -> None:
        self.listing: Listing = _Unlisted()

    def dry_run_ended(self, outcome: ReplayResult) -> None:
        _write(ReplayCounts(True, outcome.replayed, _named(outcome)))

    def replay_ended(self, outcome: ReplayResult) -> None:
        _write(ReplayCounts(False, outcome.replayed, _named(outcome)))


class _Unlisted:
    def add(self, letter: Letter, *, replayed: bool) -> None:
        pass

    def end(self) -> None:
        pass


def _write(counts: ReplayCounts) -> None:
    sys.stdout.write(f"{msgspec.json.encode(counts).decode()}\n")


def _named(outcome: ReplayResult) -> dict[str, int]:
    return {_camel(why.name): outcome.skipped[why] for why in SkipReason}


def _camel(name: str) -> str:
    first, *others = name.lower().split("_")
    return first + "".join(map(str.capitalize, others))
