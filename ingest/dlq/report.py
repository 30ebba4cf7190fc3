"""What a replay tells of itself at its end: a sentence for people, or a line of JSON."""

import sys
from typing import Final, Protocol

import msgspec
from rich.console import Console
from rich.text import Text

from ingest.dlq.choice import Passed
from ingest.dlq.letter import Letter
from ingest.dlq.listing import Listing, Tally
from ingest.dlq.replay import Outcome

# Dead letters that a dry run lists.
LISTED: Final = 50


class Report(Protocol):
    """Takes the dead letters of a dry run, and the outcome of either."""

    listing: Listing

    def rehearsed(self, outcome: Outcome) -> None:
        """A dry run has ended; `replayed` is what would be."""

    def replayed(self, outcome: Outcome) -> None:
        """A replay has ended, or was ended."""


class ForPeople:
    """A table of a dry run's, and a sentence."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.listing: Listing = Tally(console, LISTED)

    def rehearsed(self, outcome: Outcome) -> None:
        self._tell("a dry run: nothing is replayed", outcome)

    def replayed(self, outcome: Outcome) -> None:
        self._tell(f"{outcome.replayed:,} replayed", outcome)

    def _tell(self, what: str, outcome: Outcome) -> None:
        passed_over = [
            f"{count:,} passed over, {why}" for why, count in outcome.passed_over.items()
        ]
        self._console.print(Text("; ".join([what, *passed_over])))


class Counts(msgspec.Struct, rename="camel"):
    """`passed_over` has every reason, also with 0."""

    dry_run: bool
    replayed: int
    passed_over: dict[str, int]


class ForPrograms:
    """A line of JSON, of the same shape for both."""

    def __init__(self) -> None:
        self.listing: Listing = _Unlisted()

    def rehearsed(self, outcome: Outcome) -> None:
        _write(Counts(True, outcome.replayed, _named(outcome)))

    def replayed(self, outcome: Outcome) -> None:
        _write(Counts(False, outcome.replayed, _named(outcome)))


class _Unlisted:
    def add(self, letter: Letter, *, replayed: bool) -> None:
        pass

    def end(self) -> None:
        pass


def _write(counts: Counts) -> None:
    sys.stdout.write(f"{msgspec.json.encode(counts).decode()}\n")


def _named(outcome: Outcome) -> dict[str, int]:
    return {_camel(why.name): outcome.passed_over[why] for why in Passed}


def _camel(name: str) -> str:
    first, *others = name.lower().split("_")
    return first + "".join(map(str.capitalize, others))
