"""Counts error entries of the agent's log, except those of the emitter itself."""

import logging
from contextvars import Context, ContextVar, copy_context

from emit.meter import Meter

# Tasks copy the context they are created in, so tasks of the Kafka client are marked as well.
_own_work: ContextVar[bool] = ContextVar("fleetgauge_own_work", default=False)


class ErrorCounter(logging.Handler):
    """Counts entries of ERROR and above; attach it to one logger, usually the root."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(logging.ERROR)
        self._meter = meter

    def emit(self, record: logging.LogRecord) -> None:
        if not _own_work.get():
            self._meter.entry(record.exc_info[1] if record.exc_info else None)


def context_of_own_work() -> Context:
    """A context for the emitter's own tasks, whose errors are not counted as the agent's."""
    context = copy_context()
    context.run(_own_work.set, True)
    return context
