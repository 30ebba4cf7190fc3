"""What is counted: messages, failures once, times, from any thread."""

import asyncio
import logging
import pickle
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from uuid import uuid4

import pytest

from emit.counts import MOST, ActivityCounts
from emit.logs import ErrorCounter, context_of_own_work
from emit.meter import Meter


@pytest.fixture
def meter() -> Meter:
    """A meter to which every message takes a second."""
    seconds = count()
    return Meter(lambda: float(next(seconds)))


@pytest.fixture
def log(meter: Meter) -> Iterator[logging.Logger]:
    """A log whose error entries the meter counts."""
    logger = logging.getLogger(f"agent-{uuid4().hex}")
    logger.propagate = False
    handler = ErrorCounter(meter)
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)


def fail() -> None:
    raise LookupError("no such thing")


def test_a_message_counts_with_its_time(meter: Meter) -> None:
    with meter.message():
        pass
    with meter.message():
        pass
    assert meter.drain() == ActivityCounts(messages=2, timed=2, response_ms=2_000.0)
    assert meter.drain() == ActivityCounts()


def test_an_exception_is_a_failure_and_goes_on(meter: Meter) -> None:
    with pytest.raises(LookupError), meter.message():
        fail()
    assert meter.drain() == ActivityCounts(messages=1, errors=1, timed=1, response_ms=1_000.0)


def test_a_failure_can_be_reported_without_an_exception(meter: Meter) -> None:
    with meter.message() as message:
        message.failed()
    assert (meter.drain().errors, meter.drain().errors) == (1, 0)


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_work_that_was_ended_has_no_outcome(meter: Meter, end: type[BaseException]) -> None:
    with pytest.raises(end), meter.message():
        raise end
    assert meter.drain() == ActivityCounts()


async def test_functions_and_coroutine_functions_are_counted(meter: Meter) -> None:
    @meter.counted
    def double(number: int) -> int:
        """Twice as much."""
        return 2 * number

    @meter.counted
    async def triple(number: int) -> int:
        await asyncio.sleep(0)
        return 3 * number

    assert (double(2), await triple(number=2)) == (4, 6)
    assert (double.__name__, double.__doc__) == ("double", "Twice as much.")
    assert asyncio.iscoroutinefunction(triple)
    assert meter.drain() == ActivityCounts(messages=2, timed=2, response_ms=2_000.0)


async def test_their_failures_are_counted(meter: Meter) -> None:
    @meter.counted
    async def fail_later() -> None:
        await asyncio.sleep(0)
        fail()

    with pytest.raises(LookupError):
        meter.counted(fail)()
    with pytest.raises(LookupError):
        await fail_later()
    assert meter.drain().errors == 2


def test_generators_are_refused(meter: Meter) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def later() -> AsyncIterator[int]:
        yield 1

    for generator in (numbers, later):
        with pytest.raises(TypeError, match="generator functions"):
            meter.counted(generator)


async def test_a_message_in_an_asynchronous_generator_may_end_elsewhere(meter: Meter) -> None:
    async def answers() -> AsyncIterator[int]:
        with meter.message():
            yield 1

    stream = answers()
    await asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert meter.drain().messages == 1


# Each case: what the agent does, and how many errors that is.
def logs_only(meter: Meter, log: logging.Logger) -> None:
    log.error("one")
    log.critical("two")
    log.warning("not an error")


def logs_and_handles(meter: Meter, log: logging.Logger) -> None:
    with meter.message():
        log.error("did it another way")


def logs_within_and_fails(meter: Meter, log: logging.Logger) -> None:
    with meter.message():
        log.error("cannot")
        fail()


def logs_the_failure_after(meter: Meter, log: logging.Logger) -> None:
    try:
        with meter.message():
            fail()
    except LookupError:
        log.exception("a message failed")


def logs_within_and_after(meter: Meter, log: logging.Logger) -> None:
    try:
        with meter.message():
            log.error("cannot")
            fail()
    except LookupError:
        log.exception("a message failed")


def logs_what_it_was_wrapped_in(meter: Meter, log: logging.Logger) -> None:
    try:
        try:
            meter.counted(fail)()
        except LookupError as error:
            raise RuntimeError("the agent failed") from error
    except RuntimeError:
        log.exception("a message failed")


def logs_a_group(meter: Meter, log: logging.Logger) -> None:
    try:
        meter.counted(fail)()
    except LookupError as error:
        log.error("several failed", exc_info=ExceptionGroup("tasks", [error]))


def logs_another_error_besides(meter: Meter, log: logging.Logger) -> None:
    try:
        meter.counted(fail)()
    except LookupError:
        try:
            raise OSError("cannot even tell")
        except OSError:
            log.exception("a second trouble")


def fails_twice(meter: Meter, log: logging.Logger) -> None:
    with meter.message():
        meter.counted(fail)()


def logs_three_entries_and_fails(meter: Meter, log: logging.Logger) -> None:
    with meter.message():
        for _ in range(3):
            log.error("cannot")
        fail()


@pytest.mark.parametrize(
    ("act", "messages", "errors"),
    [
        (logs_only, 0, 2),
        (logs_and_handles, 1, 1),
        (logs_within_and_fails, 1, 1),
        (logs_the_failure_after, 1, 1),
        (logs_within_and_after, 1, 1),
        (logs_what_it_was_wrapped_in, 1, 1),
        (logs_a_group, 1, 1),
        (logs_another_error_besides, 1, 2),
        (fails_twice, 2, 2),
        (logs_three_entries_and_fails, 1, 3),
    ],
)
def test_what_is_one_error_counts_once(
    meter: Meter,
    log: logging.Logger,
    act: Callable[[Meter, logging.Logger], None],
    messages: int,
    errors: int,
) -> None:
    with suppress(LookupError):
        act(meter, log)
    counts = meter.drain()
    assert (counts.messages, counts.errors) == (messages, errors)


async def test_messages_at_the_same_time_do_not_mix(meter: Meter, log: logging.Logger) -> None:
    begun = asyncio.Event()

    @meter.counted
    async def logs_for_itself() -> None:
        await begun.wait()
        log.error("mine")

    @meter.counted
    async def fails_silently() -> None:
        begun.set()
        await asyncio.sleep(0)
        fail()

    await asyncio.gather(logs_for_itself(), fails_silently(), return_exceptions=True)
    assert meter.drain().errors == 2


def test_a_counted_exception_still_pickles(meter: Meter) -> None:
    with pytest.raises(LookupError) as caught, meter.message():
        fail()
    assert str(pickle.loads(pickle.dumps(caught.value))) == "no such thing"  # noqa: S301


def test_entries_of_the_emitters_own_work_do_not_count(meter: Meter, log: logging.Logger) -> None:
    context_of_own_work().run(log.error, "cannot connect")
    assert meter.drain() == ActivityCounts()


@pytest.fixture
def _threads_in_turn() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before_s)


@pytest.mark.usefixtures("_threads_in_turn")
def test_nothing_is_lost_between_threads() -> None:
    meter = Meter()

    @meter.counted
    def handle() -> None:
        pass

    def work(_: int) -> None:
        for _ in range(10_000):
            handle()
            meter.entry()

    drained = []
    with ThreadPoolExecutor(4) as threads:
        working = [threads.submit(work, n) for n in range(4)]
        while not all(one.done() for one in working):
            drained.append(meter.drain())
    drained.append(meter.drain())
    total = sum(drained, ActivityCounts())
    assert (total.messages, total.timed, total.errors) == (40_000, 40_000, 40_000)


def test_a_message_of_another_meter_has_its_own_errors(meter: Meter, log: logging.Logger) -> None:
    other = Meter()
    with suppress(LookupError), other.message():
        log.error("counted by the first meter alone")
        fail()
    assert (other.drain().errors, meter.drain().errors) == (1, 1)


def test_what_was_counted_elsewhere_is_added(meter: Meter) -> None:
    meter.add(messages=100, errors=2, response_ms=12.5)
    meter.add(messages=50)
    assert meter.drain() == ActivityCounts(messages=150, errors=2, timed=100, response_ms=1_250.0)


@pytest.mark.parametrize(
    ("messages", "errors", "response_ms", "message"),
    [
        (-1, 0, None, "messages: expected int >= 0, not -1"),
        (1.5, 0, None, "messages: expected int, got float"),
        (0, MOST + 1, None, "errors: expected int <= 1000000000"),
        (1, 0, float("nan"), "response_ms: expected float >= 0.0, not nan"),
        (1, 0, -1.0, "response_ms: expected float >= 0.0, not -1.0"),
    ],
)
def test_bad_counts_are_refused(
    meter: Meter, messages: int, errors: int, response_ms: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        meter.add(messages, errors, response_ms)
    assert meter.drain() == ActivityCounts()


def test_more_than_a_sample_may_say_stays() -> None:
    meter = Meter()
    meter.add(messages=MOST)
    meter.add(messages=5, errors=1)
    assert (meter.drain().messages, meter.drain().messages) == (MOST, 5)
