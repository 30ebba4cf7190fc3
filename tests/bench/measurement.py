"""A measurement, and what it is given to measure with."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.bench.result import Result
from tests.support.stack import Stack


class Scale(msgspec.Struct, frozen=True):
    """How much is measured: runs of each contestant, and the share of the full number of rows."""

    pairs: int = 5
    share: float = 0.1
    is_full: bool = False
    only: tuple[str, ...] = ()

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Scale":
        """FULL=1, and for trials BENCH_ONLY=name,…, BENCH_PAIRS and BENCH_SHARE."""
        is_full = variables.get("FULL", "") not in ("", "0")
        return cls(
            pairs=int(variables.get("BENCH_PAIRS", 5)),
            share=float(variables.get("BENCH_SHARE", 1 if is_full else 0.1)),
            is_full=is_full,
            only=tuple(filter(None, variables.get("BENCH_ONLY", "").split(","))),
        )

    def rows(self, full: int, step: int) -> int:
        """That share of `full`, in whole steps, at least two of them."""
        return max(2, round(full * self.share / step)) * step

    def wants(self, name: str) -> bool:
        """Whether a trial asks for this measurement, or nobody asked for any one."""
        return not self.only or any(name.startswith(wanted) for wanted in self.only)


@dataclass(frozen=True)
class Bench:
    """The stack, how much to measure, and two folders: one for now, one that is kept.

    `edition` is TimescaleDB's: Apache or community.
    """

    stack: Stack
    edition: str
    scale: Scale
    scratch: Path
    cache: Path


@dataclass(frozen=True)
class Measurement:
    """Measured in its turn; what it raises is told on the page, and the run goes on."""

    name: str
    title: str
    measure: Callable[[Bench], Result]

    def result(self, bench: Bench) -> Result:
        """What came of it, whatever it met."""
        say(f"{self.name} …")
        try:
            return self.measure(bench)
        except Exception as error:
            why = in_a_line(error)
            say(f"{self.name}: {why}")
            return Result(self.name, self.title, missing={self.name: why})


class NotHereError(Exception):
    """Something that a measurement needs is not on this machine."""


def in_a_line(error: BaseException) -> str:
    """What went wrong, for a cell of a table."""
    if isinstance(error, NotHereError):
        return str(error)
    first = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {first}".replace("|", "/")


def say(words: str) -> None:
    """How far the run is, to whoever watches."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
