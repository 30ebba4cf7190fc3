"""Counts an agent's messages, failures, response times and error entries of its log."""

import inspect
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import wraps
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

import msgspec

from emit.contract import checked_fields
from emit.counts import LONGEST_MS, ActivityCounts
from schemas.events import Count, Milliseconds

_F = TypeVar("_F", bound=Callable[..., Any])
# Attribute of a counted exception: the id of the meter. An int, so that it can be pickled.
_MARK: Final = "_fleetgauge_counted_by"
_current: ContextVar["Message | None"] = ContextVar("fleetgauge_message", default=None)


class _Added(msgspec.Struct, frozen=True, gc=False):
    messages: Count
    errors: Count
    response_ms: Milliseconds | None


class Meter:
    """Accumulates counts from any thread until the next sample drains them."""

    def __init__(self, monotonic: Callable[[], float] = time.perf_counter) -> None:
        self.monotonic = monotonic
        # Reentrant: a signal handler may log an error while its thread holds the lock.
        self._lock = threading.RLock()
        self._messages = 0
        self._errors = 0
        self._timed = 0
        self._response_ms = 0.0

    def message(self) -> "Message":
        """A context manager for the work on one message, in a function or a coroutine."""
        return Message(self)

    def counted(self, function: _F) -> _F:
        """Decorates a function or coroutine function: each call counts as a message.

        Raises TypeError for a generator function, since its call ends before its work begins.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("counted does not accept generator functions: use message() inside")
        around = _around_coroutine if inspect.iscoroutinefunction(function) else _around_call
        return cast(_F, around(self, function))

    def add(self, messages: int = 0, errors: int = 0, response_ms: float | None = None) -> None:
        """Adds counts from elsewhere; `response_ms` is the mean over these messages.

        Raises ValueError that names a value out of bounds.
        """
        added = checked_fields(_Added(messages, errors, response_ms))
        timed = 0 if added.response_ms is None else messages
        self._grow(messages, errors, timed, (added.response_ms or 0.0) * messages)

    def entry(self, failure: BaseException | None = None) -> None:
        """Counts an error entry in the log, unless its failure is already counted."""
        if failure is not None and self._has_counted(failure):
            return
        self._grow(errors=1)
        message = _current.get()
        if message is not None and message.meter is self:
            message.entries += 1

    def drain(self) -> ActivityCounts:
        """Returns the counts since the last call that fit in one sample; the rest stays."""
        with self._lock:
            all_of_it = ActivityCounts(self._messages, self._errors, self._timed, self._response_ms)
            reported, rest = all_of_it.for_one_sample()
            self._messages, self._errors = rest.messages, rest.errors
            self._timed, self._response_ms = 0, 0.0
        return reported

    def handled(self, took_s: float) -> None:
        """Counts a successful message."""
        self._grow(1, 0, 1, min(took_s * 1_000, LONGEST_MS))

    def not_handled(self, took_s: float, entries: int, failure: BaseException | None) -> None:
        """Counts a failed message; its log `entries`, if any, are already counted as errors."""
        if failure is not None:
            # Not with setattr, which an exception class may reject.
            vars(failure)[_MARK] = id(self)
        self._grow(1, 0 if entries else 1, 1, min(took_s * 1_000, LONGEST_MS))

    def _grow(
        self, messages: int = 0, errors: int = 0, timed: int = 0, response_ms: float = 0.0
    ) -> None:
        with self._lock:
            self._messages += messages
            self._errors += errors
            self._timed += timed
            self._response_ms += response_ms

    def _has_counted(self, failure: BaseException) -> bool:
        if isinstance(failure, BaseExceptionGroup):
            return all(self._has_counted(one) for one in failure.exceptions)
        # Only `raise … from`: an exception raised while another is handled is a separate error.
        seen: BaseException | None = failure
        while seen is not None:
            if vars(seen).get(_MARK) == id(self):
                return True
            seen = seen.__cause__
        return False


class Message:
    """The work on one message: a context manager for one use.

    An Exception that leaves it counts as a failure. Other BaseExceptions (a cancelled task, an
    exit) end the work before its outcome, so nothing is counted.
    """

    __slots__ = ("_begun_s", "_failed", "_outer", "entries", "meter")

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.entries = 0
        self._failed = False

    def failed(self) -> None:
        """Marks this message as failed without an exception."""
        self._failed = True

    def __enter__(self) -> Self:
        self._outer: Token[Message | None] = _current.set(self)
        self._begun_s = self.meter.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        took_s = self.meter.monotonic() - self._begun_s
        # An async generator may be closed in another context than it was started in.
        with suppress(ValueError):
            _current.reset(self._outer)
        if isinstance(failure, Exception) or (failure is None and self._failed):
            self.meter.not_handled(took_s, self.entries, failure)
        elif failure is None:
            self.meter.handled(took_s)


def _around_call(meter: Meter, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with Message(meter):
            return function(*args, **kwargs)

    return call


def _around_coroutine(meter: Meter, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        with Message(meter):
            return await function(*args, **kwargs)

    return call
