"""The emitter: sends samples of this process and an agent's events to Kafka, never blocking."""

import asyncio
import logging
import math
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Any, Final, Self

from emit.batch import Encoding
from emit.broker import MESSAGE_BYTES, Broker
from emit.buffer import Buffer
from emit.cgroup import ResourceLimits
from emit.clock import Clock, SystemClock
from emit.contract import checked_event, checked_id
from emit.delivery import Delivery
from emit.logs import ErrorCounter, context_of_own_work
from emit.meter import Meter
from emit.process import Process, process_agent_id
from emit.schedule import checked_interval, ticks
from emit.stats import Totals
from schemas.events import Event, Sample

# A day of an agent's samples at one in ten seconds.
CAPACITY: Final = 10_000

log = logging.getLogger(__name__)


class Emitter:
    """Sends one agent's samples every `interval_s`, and the events passed to `send`.

    `send`, `meter`, `error_counter` and `totals` may be used from any thread, also before the
    start. Use `start` and `close`, or `async with`, in one event loop; `Background` provides one.

    `interval_s=None` disables the samples. `client`: further arguments of aiokafka's
    AIOKafkaProducer, such as `security_protocol`. Raises ValueError that names the argument and
    its bound.
    """

    def __init__(
        self,
        bootstrap: str,
        user_id: str,
        agent_id: str | None = None,
        *,
        interval_s: float | None = 10.0,
        capacity: int = CAPACITY,
        encoding: Encoding = "json",
        close_timeout_s: float = 5.0,
        message_max_bytes: int = MESSAGE_BYTES,
        samples_topic: str = "fleet.samples",
        events_topic: str = "fleet.events",
        client: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        broker = Broker(
            bootstrap, samples_topic, events_topic, encoding, message_max_bytes, client or {}
        )
        _within("capacity", capacity, 1, math.inf)
        _within("close_timeout_s", close_timeout_s, 0, 3_600)
        if interval_s is not None:
            checked_interval("interval_s", interval_s)
        self._interval_s = interval_s
        self._close_timeout_s = close_timeout_s
        self.user_id = checked_id("user_id", user_id)
        self.agent_id = checked_id("agent_id", process_agent_id() if agent_id is None else agent_id)
        self.meter = Meter()
        self.error_counter = ErrorCounter(self.meter)
        self._clock = clock or SystemClock()
        self._process = Process(self._clock, ResourceLimits())
        self._buffer = Buffer(capacity)
        self._delivery = Delivery(self._buffer, broker.sender(self._clock, self._buffer))
        self._started = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def totals(self) -> Totals:
        """The outcomes of all events and samples so far."""
        return self._buffer.totals

    def send(self, event: Event) -> None:
        """Buffers the event and returns at once, whatever the state of the broker.

        Raises ValueError that names the field and its bound for an invalid event, and RuntimeError
        after `close`.
        """
        self._delivery.put(checked_event(event))

    async def start(self) -> None:
        """Starts sampling and delivery; the broker may be unavailable."""
        if self._started:
            raise RuntimeError("an emitter starts once")
        self._started = True
        self._tasks.append(self._begun(self._delivery.run()))
        if self._interval_s is not None:
            self._tasks.append(self._begun(self._sample_every(self._interval_s)))

    async def close(self) -> Totals:
        """Takes a last sample and delivers waiting events, for at most `close_timeout_s`.

        Then closes the connection, which takes about 5 s more if the broker stopped answering
        during a request. Events that are still waiting in the totals are lost, unless the broker
        stored them but its acknowledgement was lost.
        """
        if not self._tasks:
            return self.totals
        delivering, *sampling = self._tasks
        self._tasks = []
        await _cancelled(sampling)
        if sampling:
            self._delivery.put(self._own_sample())
        self._delivery.close()
        timeout_s = self._close_timeout_s if self.totals.waiting else 0.0
        try:
            await asyncio.wait([delivering], timeout=timeout_s)
        finally:
            await _cancelled([delivering])
        if self.totals.waiting:
            log.warning("lost %d events: not acknowledged in time", self.totals.waiting)
        return self.totals

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _begun(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        context = context_of_own_work()
        task = asyncio.get_running_loop().create_task(work, context=context)
        task.add_done_callback(_look_at, context=context)
        return task

    async def _sample_every(self, interval_s: float) -> None:
        async for _ in ticks(self._clock, interval_s):
            self._delivery.put(self._own_sample())

    def _own_sample(self) -> Sample:
        usage = self._process.usage()
        counts = self.meter.drain()
        return Sample(
            user_id=self.user_id,
            agent_id=self.agent_id,
            ts=self._clock.now(),
            cpu=usage.cpu,
            memory=usage.memory,
            messages=counts.messages,
            errors=counts.errors,
            response_ms=counts.mean_ms,
        )


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} takes {least:g} to {most:g}, not {value!r}")


def _look_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the emitter has stopped", exc_info=error)


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
