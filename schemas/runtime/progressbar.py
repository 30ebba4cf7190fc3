"""Progress of a command: a bar on a terminal, otherwise a log line every few seconds."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_EVERY_S: Final = 5.0

log = structlog.get_logger("progress")

# Called with the number of finished steps and the total.
Done = Callable[[int, int], None]


def draws(console: Console) -> bool:
    """Whether the console can be redrawn."""
    return console.is_terminal and not console.is_dumb_terminal


@contextmanager
def shown(what: str) -> Iterator[Done]:
    """Yields the callback that reports progress; removes the bar at the end."""
    console = Console(stderr=True)
    if not draws(console):
        yield lines(what)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as drawn, logs_above():
        task = drawn.add_task(what, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner on a terminal, for work without steps; silent elsewhere."""
    console = Console(stderr=True)
    if not draws(console):
        yield
        return
    with console.status(what), logs_above():
        yield


def lines(what: str, clock: Callable[[], float] = time.monotonic) -> Done:
    """Progress as log lines, the first after `LINE_EVERY_S`."""
    logged_s = clock()

    def done_so_far(done: int, total: int) -> None:
        nonlocal logged_s
        if clock() >= logged_s + LINE_EVERY_S:
            logged_s = clock()
            log.info(what, done=done, of=total)

    return done_so_far


@contextmanager
def logs_above() -> Iterator[None]:
    """Logs through the bar's proxy of stderr; lines that bypass it would break the bar."""
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if type(handler) is logging.StreamHandler
    ]
    streams = [handler.setStream(sys.stderr) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, streams, strict=True):
            if stream is not None:
                handler.setStream(stream)
