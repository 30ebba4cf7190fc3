"""A measurement and its environment."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.bench.result import Result
from tests.support.stack import Stack


class Scale(msgspec.Struct, frozen=True):
    """Runs of each contestant, and the share of the full number of rows."""

    pairs: int = 5
    share: float = 0.1
    is_full: bool = False
    only: tuple[str, ...] = ()

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Scale":
        """Read FULL=1, and for trial runs BENCH_ONLY=name,…, BENCH_PAIRS and BENCH_SHARE."""
        is_full = variables.get("FULL", "") not in ("", "0")
        return cls(
            pairs=int(variables.get("BENCH_PAIRS", 5)),
            share=float(variables.get("BENCH_SHARE", 1 if is_full else 0.1)),
            is_full=is_full,
            only=tuple(filter(None, variables.get("BENCH_ONLY", "").split(","))),
        )

    def rows(self, full: int, step: int) -> int:
        """The share of `full`, rounded to whole steps, at least two."""
        return max(2, round(full * self.share / step)) * step

    def wants(self, name: str) -> bool:
        """Whether `only` selects this measurement; an empty `only` selects all."""
        return not self.only or any(name.startswith(wanted) for wanted in self.only)


@dataclass(frozen=True)
class Bench:
    """The stack, the scale, and two folders: `scratch` is temporary, `cache` persists.

    `edition` is TimescaleDB's: Apache or community.
    """

    stack: Stack
    edition: str
    scale: Scale
    scratch: Path
    cache: Path


@dataclass(frozen=True)
class Measurement:
    """A named measurement. An exception is reported on the page, and the run continues."""

    name: str
    title: str
    measure: Callable[[Bench], Result]

    def result(self, bench: Bench) -> Result:
        """Measure; after an exception the result has only its reason."""
        say(f"{self.name} …")
        try:
            return self.measure(bench)
        except Exception as error:
            why = in_a_line(error)
            say(f"{self.name}: {why}")
            return Result(self.name, self.title, missing={self.name: why})


class NotHereError(Exception):
    """A prerequisite of a measurement is missing on this machine."""


def in_a_line(error: BaseException) -> str:
    """The error as one line, for a table cell."""
    if isinstance(error, NotHereError):
        return str(error)
    first = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {first}".replace("|", "/")


def say(text: str) -> None:
    """Print progress to standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
