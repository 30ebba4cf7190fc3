"""How far a command is: a bar on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ingest.dlq.reader import Looked

LINE_EVERY_S: Final = 5.0

log = structlog.get_logger("dlq")


@contextmanager
def shown(what: str, console: Console) -> Iterator[Looked]:
    """What to call with the records looked at, and their number."""
    if not console.is_terminal:
        yield lines(what)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as drawn:
        task = drawn.add_task(what, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)


def lines(what: str, clock: Callable[[], float] = time.monotonic) -> Looked:
    """The same as lines of the log; none for what takes a moment."""
    told_s = clock()

    def looked(done: int, total: int) -> None:
        nonlocal told_s
        if clock() >= told_s + LINE_EVERY_S:
            told_s = clock()
            log.info(what, done=done, of=total)

    return looked
