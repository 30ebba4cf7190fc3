"""The run of `fleetgauge emit fleet`: the fleet's history, then its live events."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

import structlog

from emit.broker import Broker
from emit.clock import Clock, SystemClock
from emit.interrupt import until_interrupted
from emit.schedule import ticks
from emit.sender import ReconnectingSender
from emit.simulation.fleet import SimulatedFleet
from emit.simulation.history import flights, history
from emit.simulation.moments import MINUTE_US, SECOND_US, time_of
from emit.simulation.pace import Pace
from emit.simulation.progress import displayed
from emit.simulation.scenario import Scenario
from emit.stats import DeliveryStats
from schemas.events import Event
from schemas.runtime.kafkaclient import security_options
from schemas.settings import KafkaSettings

FLIGHT: Final = 10_000
FLUSH_TIMEOUT_S: Final = 5.0
# Longest window of live events: catching up is split into windows of this length.
LONGEST_WINDOW_US: Final = 5 * MINUTE_US
LOG_EVERY_S: Final = 60.0

log = structlog.get_logger("emit")


class Run:
    """Sends a scenario's events; simulated time starts when this object is created.

    Drops nothing: the simulation waits while the broker is unavailable.
    """

    def __init__(
        self, scenario: Scenario, sender: ReconnectingSender, clock: Clock, stats: DeliveryStats
    ) -> None:
        self._scenario = scenario
        self._sender = sender
        self._clock = clock
        self._stats = stats
        self._begun_s = clock.monotonic()
        self._pace = Pace(clock, scenario.rate_limit)
        self._fleet = SimulatedFleet(
            scenario.seed,
            scenario.agents,
            scenario.users,
            scenario.interval_us,
            scenario.incident,
        )

    async def run(self) -> None:
        """Sends the history, then live events until the scenario's end, if it has one."""
        if self._scenario.begin_us < self._scenario.start_us:
            await self._send_history()
        log.info("live", interval_s=self._scenario.interval_us / SECOND_US)
        await self._send_present()

    async def _send_history(self) -> None:
        with displayed(self._clock, self._acknowledged) as display:
            for stage in history(self._fleet, self._scenario):
                await self._send(display.track(stage))
        passed_s = self._clock.monotonic() - self._begun_s
        events = self._acknowledged()
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
        logged_s = self._clock.monotonic()
        async for _ in ticks(self._clock, min(1.0, self._scenario.interval_us / SECOND_US)):
            now_us = min(self._now_us(), end_us)
            await self._send(self._present(sent_us, now_us))
            sent_us = now_us
            if sent_us >= end_us:
                return
            if self._clock.monotonic() >= logged_s + LOG_EVERY_S:
                logged_s = self._clock.monotonic()
                log.info("sent", events=self._acknowledged(), until=str(time_of(sent_us)))

    def _now_us(self) -> int:
        passed_s = self._clock.monotonic() - self._begun_s
        return self._scenario.start_us + int(passed_s * SECOND_US)

    def _present(self, begin_us: int, end_us: int) -> Iterator[list[Event]]:
        for begin in range(begin_us, end_us, LONGEST_WINDOW_US):
            yield self._fleet.events(begin, min(begin + LONGEST_WINDOW_US, end_us))

    async def _send(self, portions: Iterable[list[Event]]) -> None:
        for flight in flights(portions, int(min(FLIGHT, self._pace.flight))):
            await self._pace.turn(len(flight))
            self._stats.accepted(len(flight))
            await self._sender.send(flight)

    def _acknowledged(self) -> int:
        return self._stats.totals.acknowledged


def run(kafka: KafkaSettings, scenario: Scenario) -> int:
    """Sends until the scenario ends, or until SIGTERM or SIGINT; returns 0."""
    asyncio.run(_emit(kafka, scenario))
    return 0


async def _emit(kafka: KafkaSettings, scenario: Scenario) -> None:
    clock = SystemClock()
    stats = DeliveryStats()
    broker = Broker(
        kafka.kafka_bootstrap,
        kafka.samples_topic,
        kafka.events_topic,
        scenario.encoding,
        client=security_options(kafka),
    )
    sender = broker.sender(clock, stats)
    try:
        await until_interrupted(_announced(kafka, scenario, Run(scenario, sender, clock, stats)))
    finally:
        await sender.close(FLUSH_TIMEOUT_S)
    totals = stats.totals
    log.info("stopped", acknowledged=totals.acknowledged, unacknowledged=totals.waiting)


async def _announced(kafka: KafkaSettings, scenario: Scenario, run: Run) -> None:
    # Logged here, where signals are already handled.
    log.info(
        "simulating a fleet",
        agents=scenario.agents,
        users=scenario.users,
        seed=scenario.seed,
        start=str(time_of(scenario.start_us)),
        bootstrap=kafka.kafka_bootstrap,
    )
    await run.run()
