"""Progress of the history: a bar on a terminal, otherwise a log line every few seconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import structlog
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from emit.clock import Clock
from emit.simulation.history import Stage
from schemas.events import Event
from schemas.runtime.progressbar import draws, logs_above

LINE_EVERY_S: Final = 5.0
RATE_OVER_S: Final = 0.5

log = structlog.get_logger("emit")


class Display(Protocol):
    """Shows the progress of a stage."""

    def track(self, stage: Stage) -> Iterator[list[Event]]:
        """The stage's portions; each counts as done when the next one is asked for."""


class ProgressLines:
    """Logs progress; `sent` returns the number of acknowledged events."""

    def __init__(self, clock: Clock, sent: Callable[[], int]) -> None:
        self._clock = clock
        self._sent = sent

    def track(self, stage: Stage) -> Iterator[list[Event]]:
        begun_s, before = self._clock.monotonic(), self._sent()
        logged_s = begun_s
        for done, portion in enumerate(stage.events):
            if self._clock.monotonic() >= logged_s + LINE_EVERY_S:
                logged_s = self._clock.monotonic()
                self._log(stage, done, logged_s - begun_s, self._sent() - before)
            yield portion

    def _log(self, stage: Stage, done: int, passed_s: float, events: int) -> None:
        log.info(
            "sending history",
            of=stage.what,
            percent=round(100 * done / stage.portions, 1),
            events=events,
            events_a_second=round(events / passed_s),
            left_s=round(passed_s * (stage.portions - done) / done) if done else None,
        )


class Bar:
    """Shows progress as a bar, with rich."""

    def __init__(self, drawn: Progress, clock: Clock, sent: Callable[[], int]) -> None:
        self._drawn = drawn
        self._clock = clock
        self._sent = sent

    def track(self, stage: Stage) -> Iterator[list[Event]]:
        begun_s, before = self._clock.monotonic(), self._sent()
        task = self._drawn.add_task(stage.what, total=stage.portions, rate="")
        for portion in stage.events:
            yield portion
            passed_s = max(self._clock.monotonic() - begun_s, RATE_OVER_S)
            rate = f"{(self._sent() - before) / passed_s:,.0f} events/s"
            self._drawn.update(task, advance=1, rate=rate)


@contextmanager
def displayed(clock: Clock, sent: Callable[[], int]) -> Iterator[Display]:
    """A bar if stderr is a terminal, else log lines."""
    console = Console(stderr=True)
    if not draws(console):
        yield ProgressLines(clock, sent)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as drawn, logs_above():
        yield Bar(drawn, clock, sent)
