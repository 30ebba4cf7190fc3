"""The figures of one side of a comparison for each run, with its CPU."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from tests.bench.reading.load import Load
from tests.bench.result import Series
from tests.bench.writing.meter import cpu_s, server_pid

RATE: Final = "requests/s"
OF_PROCESS: Final = "CPU µs of its process a request"
OF_DATABASE: Final = "CPU µs of the database a request"


@dataclass
class Side:
    """The figures of one side; `processes` has the process for each CPU figure."""

    processes: dict[str, int]
    figures: dict[str, list[float]] = field(default_factory=dict)

    def run(self, send: Callable[[], Load]) -> None:
        """Run once and add its figures."""
        before = {name: cpu_s(pid) for name, pid in self.processes.items()}
        load = send()
        self._keep(RATE, load.rate)
        for figure, value in load.took.items():
            self._keep(figure, value)
        for name, pid in self.processes.items():
            self._keep(name, 1e6 * (cpu_s(pid) - before[name]) / load.requests)

    @property
    def rates(self) -> list[float]:
        """Requests a second."""
        return self.figures[RATE]

    def series(self, name: str) -> Series:
        """The figures of all runs, for the page."""
        return Series(name, {figure: tuple(values) for figure, values in self.figures.items()})

    def _keep(self, figure: str, value: float) -> None:
        self.figures.setdefault(figure, []).append(value)


def side(connection: psycopg.Connection[Any], pid: int | None = None) -> Side:
    """A side that queries this database, through process `pid` if there is one."""
    seen = {OF_PROCESS: pid, OF_DATABASE: server_pid(connection)}
    return Side({name: process for name, process in seen.items() if process is not None})
