"""The table at the end of a run: one line a case, from what its runs have recorded."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field
from typing import Final

from tests.faults.account import Account

COUNTS: Final = ("produced", "stored", "dead-lettered", "lost", "doubled")
HEADINGS: Final = ("case", "runs", *COUNTS, "result")


@dataclass(frozen=True)
class Run:
    """One test of a case, which does the harm `rounds` times; without an account where the case
    counts no events."""

    number: int
    name: str
    passed: bool
    rounds: int = 1
    account: Account | None = None


@dataclass
class _Line:
    runs: int = 0
    failed: int = 0
    accounts: list[Account] = field(default_factory=list)

    def cells(self) -> Iterator[str]:
        yield str(self.runs)
        if self.accounts:
            total = sum(self.accounts[1:], self.accounts[0])
            yield from (f"{count:,}" for count in astuple(total))
        else:
            yield from [""] * len(COUNTS)
        yield f"{self.failed} failed" if self.failed else "pass"


def table(runs: Iterable[Run]) -> list[str]:
    """The lines of the table, by the cases' numbers; numbers to the right."""
    lines: dict[tuple[int, str], _Line] = {}
    for run in runs:
        line = lines.setdefault((run.number, run.name), _Line())
        line.runs += run.rounds
        line.failed += not run.passed
        if run.account is not None:
            line.accounts.append(run.account)
    rows: list[tuple[str, ...]] = [HEADINGS]
    for (number, name), line in sorted(lines.items()):
        rows.append((f"{number:>2} {name}", *line.cells()))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_format_row(row, widths) for row in rows]


def _format_row(row: tuple[str, ...], widths: list[int]) -> str:
    last = len(row) - 1
    cells = [
        cell.ljust(width) if place in {0, last} else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
