"""How far the history is: a bar on a terminal, a line every few seconds elsewhere."""

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
    """Shows how far the sending of a stage is."""

    def track(self, stage: Stage) -> Iterator[list[Event]]:
        """The stage's portions; each counts as done when the next one is asked for."""


class ProgressLines:
    """`sent` tells how many events have been acknowledged."""

    def __init__(self, clock: Clock, sent: Callable[[], int]) -> None:
        self._clock = clock
        self._sent = sent

    def track(self, stage: Stage) -> Iterator[list[Event]]:
        begun_s, before = self._clock.monotonic(), self._sent()
        told_s = begun_s
        for done, portion in enumerate(stage.events):
            if self._clock.monotonic() >= told_s + LINE_EVERY_S:
                told_s = self._clock.monotonic()
                self._tell(stage, done, told_s - begun_s, self._sent() - before)
            yield portion

    def _tell(self, stage: Stage, done: int, passed_s: float, events: int) -> None:
        log.info(
            "sending history",
            of=stage.what,
            percent=round(100 * done / stage.portions, 1),
            events=events,
            events_a_second=round(events / passed_s),
            left_s=round(passed_s * (stage.portions - done) / done) if done else None,
        )


class Bar:
    """The same, drawn with rich."""

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
    """A bar where stderr is a terminal, else lines in the log."""
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
