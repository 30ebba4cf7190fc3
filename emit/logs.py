"""Error entries of the agent's log, counted; not those of the emitter's own work."""

import logging
from contextvars import Context, ContextVar, copy_context

from emit.meter import Meter

# Tasks copy the context they are made in: what the Kafka client starts for us is marked as well.
_own_work: ContextVar[bool] = ContextVar("fleetgauge_own_work", default=False)


class ErrorCounter(logging.Handler):
    """Counts entries of ERROR and above that reach it; attach it to one logger, mostly the root."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(logging.ERROR)
        self._meter = meter

    def emit(self, record: logging.LogRecord) -> None:
        if not _own_work.get():
            self._meter.entry(record.exc_info[1] if record.exc_info else None)


def context_of_own_work() -> Context:
    """A context for the emitter's own tasks: their troubles are no errors of the agent."""
    context = copy_context()
    context.run(_own_work.set, True)
    return context
