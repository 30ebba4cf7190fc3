"""`fleetgauge emit fleet`: a simulated fleet, its past and then its present."""

import asyncio
import signal
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import structlog

from emit.batch import Packer
from emit.channel import Channel
from emit.clock import Clock, SystemClock
from emit.delivery import link_to
from emit.history import flights, history
from emit.moments import MINUTE_US, SECOND_US, time_of
from emit.pace import Pace
from emit.progress import displayed
from emit.scenario import Scenario
from emit.schedule import ticks
from emit.simulation import Simulation
from schemas.events import Event
from schemas.settings import KafkaSettings

MESSAGE_BYTES: Final = 512 * 1024
FLIGHT: Final = 10_000
FLUSH_TIMEOUT_S: Final = 5.0
# A window of the present is as long at most: what has to be caught up is cut into such.
LONGEST_WINDOW_US: Final = 5 * MINUTE_US
TOLD_EVERY_S: Final = 60.0

log = structlog.get_logger("emit")


class Fleet:
    """Sends a scenario's events; the simulated time is its start when this is made."""

    def __init__(self, scenario: Scenario, channel: Channel, clock: Clock) -> None:
        self._scenario = scenario
        self._channel = channel
        self._clock = clock
        self._begun_s = clock.monotonic()
        self._pace = Pace(clock, scenario.rate_limit)
        self._simulation = Simulation(
            scenario.seed, scenario.agents, scenario.users, scenario.interval_us
        )

    async def run(self) -> None:
        """The history, then the present until its end, if it has one."""
        if self._scenario.begin_us < self._scenario.start_us:
            await self._send_history()
        log.info("live", interval_s=self._scenario.interval_us / SECOND_US)
        await self._send_present()

    async def _send_history(self) -> None:
        with displayed(self._clock, lambda: self._channel.acknowledged) as display:
            for stage in history(self._simulation, self._scenario):
                await self._send(display.track(stage))
        passed_s = self._clock.monotonic() - self._begun_s
        events = self._channel.acknowledged
        log.info(
            "history sent",
            events=events,
            seconds=round(passed_s, 1),
            events_a_second=round(events / passed_s) if passed_s else None,
        )

    async def _send_present(self) -> None:
        sent_us, end_us = self._scenario.start_us, self._scenario.end_us
        if sent_us >= end_us:
            return
        told_s = self._clock.monotonic()
        async for _ in ticks(self._clock, min(1.0, self._scenario.interval_us / SECOND_US)):
            now_us = min(self._now_us(), end_us)
            await self._send(self._present(sent_us, now_us))
            sent_us = now_us
            if sent_us >= end_us:
                return
            if self._clock.monotonic() >= told_s + TOLD_EVERY_S:
                told_s = self._clock.monotonic()
                log.info("sent", events=self._channel.acknowledged, until=str(time_of(sent_us)))

    def _now_us(self) -> int:
        passed_s = self._clock.monotonic() - self._begun_s
        return self._scenario.start_us + int(passed_s * SECOND_US)

    def _present(self, begin_us: int, end_us: int) -> Iterator[list[Event]]:
        for begin in range(begin_us, end_us, LONGEST_WINDOW_US):
            yield self._simulation.events(begin, min(begin + LONGEST_WINDOW_US, end_us))

    async def _send(self, portions: Iterable[list[Event]]) -> None:
        for flight in flights(portions, int(min(FLIGHT, self._pace.flight))):
            await self._pace.turn(len(flight))
            await self._channel.send(flight)


def run(kafka: KafkaSettings, scenario: Scenario) -> int:
    """Sends until the scenario ends, or until SIGTERM or SIGINT; returns 0."""
    asyncio.run(_emit(kafka, scenario))
    return 0


async def _emit(kafka: KafkaSettings, scenario: Scenario) -> None:
    clock = SystemClock()
    packer = Packer(kafka.samples_topic, kafka.events_topic, scenario.encoding, MESSAGE_BYTES)
    connect = partial(link_to, kafka.kafka_bootstrap, MESSAGE_BYTES, {})
    channel = Channel(packer, connect, clock)
    log.info(
        "simulating a fleet",
        agents=scenario.agents,
        users=scenario.users,
        seed=scenario.seed,
        start=str(time_of(scenario.start_us)),
        bootstrap=kafka.kafka_bootstrap,
    )
    work = asyncio.create_task(Fleet(scenario, channel, clock).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    try:
        await asyncio.wait([work])
    finally:
        unacknowledged = await channel.close(FLUSH_TIMEOUT_S)
    if not work.cancelled():
        work.result()
    log.info("stopped", acknowledged=channel.acknowledged, unacknowledged=unacknowledged)
