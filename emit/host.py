"""`fleetgauge emit host`: samples this machine as an agent."""

import asyncio

import msgspec
import structlog

from emit.clock import SystemClock
from emit.contract import checked_id
from emit.emitter import Emitter
from emit.interrupt import until_interrupted
from emit.machine import Machine
from emit.schedule import checked_interval, ticks
from schemas.runtime.kafkaclient import security_options
from schemas.settings import KafkaSettings

log = structlog.get_logger("emit")


def run(kafka: KafkaSettings, user_id: str, agent_id: str, interval_s: float) -> int:
    """Samples until SIGTERM or SIGINT, then flushes and returns 0.

    Raises ValueError for an invalid id or an interval out of bounds.
    """
    checked_id("user", user_id)
    checked_id("agent", agent_id)
    checked_interval("interval", interval_s)
    emitter = Emitter(
        kafka.kafka_bootstrap,
        user_id,
        agent_id,
        interval_s=None,
        samples_topic=kafka.samples_topic,
        events_topic=kafka.events_topic,
        client=security_options(kafka),
    )
    asyncio.run(_emit(emitter, interval_s, kafka))
    log.info("stopped", **msgspec.structs.asdict(emitter.totals))
    return 0


async def _emit(emitter: Emitter, interval_s: float, kafka: KafkaSettings) -> None:
    async with emitter:
        await until_interrupted(_sample(emitter, interval_s, kafka))


async def _sample(emitter: Emitter, interval_s: float, kafka: KafkaSettings) -> None:
    # Logged here, where signals are already handled.
    log.info(
        "sampling this machine",
        user=emitter.user_id,
        agent=emitter.agent_id,
        interval_s=interval_s,
        topic=kafka.samples_topic,
        bootstrap=kafka.kafka_bootstrap,
    )
    clock = SystemClock()
    machine = Machine(emitter.user_id, emitter.agent_id, clock)
    async for _ in ticks(clock, interval_s):
        emitter.send(machine.sample())
