"""How far a command is: a bar on a terminal, a line of the log every few seconds elsewhere."""

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

# Called with how many are done, and of how many.
Done = Callable[[int, int], None]


def draws(console: Console) -> bool:
    """Whether what is drawn there can be drawn over."""
    return console.is_terminal and not console.is_dumb_terminal


@contextmanager
def shown(what: str) -> Iterator[Done]:
    """What to call as the work goes on; the bar is gone at its end."""
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
    """For work that knows no parts: something moves on a terminal; elsewhere nothing is told."""
    console = Console(stderr=True)
    if not draws(console):
        yield
        return
    with console.status(what), logs_above():
        yield


def lines(what: str, clock: Callable[[], float] = time.monotonic) -> Done:
    """The same as lines of the log; none for what takes a moment."""
    told_s = clock()

    def done_so_far(done: int, total: int) -> None:
        nonlocal told_s
        if clock() >= told_s + LINE_EVERY_S:
            told_s = clock()
            log.info(what, done=done, of=total)

    return done_so_far


@contextmanager
def logs_above() -> Iterator[None]:
    """The bar has put a proxy in place of stderr; lines that go around it would tear the bar."""
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
