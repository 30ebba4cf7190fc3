"""`fleetgauge emit host`: this machine as an agent, a sample every interval."""

import asyncio
import signal
from functools import partial
from typing import Final

import msgspec
import structlog

from emit.clock import Clock, SystemClock
from emit.ids import checked
from emit.machine import Machine
from emit.outbox import Outbox
from emit.producer import link_to, pump
from emit.schedule import ticks
from schemas.settings import KafkaSettings

SHORTEST_INTERVAL_S: Final = 0.1
LONGEST_INTERVAL_S: Final = 86_400.0
# Almost three hours of an outage at a sample a second, in about 3 MB.
MOST_WAITING: Final = 10_000
FLUSH_TIMEOUT_S: Final = 5.0

log = structlog.get_logger("emit")


def run(kafka: KafkaSettings, user_id: str, agent_id: str, interval_s: float) -> int:
    """Samples until SIGTERM or SIGINT, then flushes and returns 0.

    Raises ValueError for an id that no event may carry or an interval out of bounds.
    """
    checked("user", user_id)
    checked("agent", agent_id)
    if not SHORTEST_INTERVAL_S <= interval_s <= LONGEST_INTERVAL_S:
        raise ValueError(
            f"interval takes {SHORTEST_INTERVAL_S} to {LONGEST_INTERVAL_S:.0f} seconds, "
            f"not {interval_s}"
        )
    asyncio.run(_emit(kafka, user_id, agent_id, interval_s))
    return 0


async def _emit(kafka: KafkaSettings, user_id: str, agent_id: str, interval_s: float) -> None:
    told_to_stop = _on_signals()
    clock = SystemClock()
    outbox = Outbox(MOST_WAITING)
    connect = partial(link_to, kafka.kafka_bootstrap, kafka.samples_topic)
    log.info(
        "sampling this machine",
        user=user_id,
        agent=agent_id,
        interval_s=interval_s,
        topic=kafka.samples_topic,
        bootstrap=kafka.kafka_bootstrap,
    )
    async with asyncio.TaskGroup() as tasks:
        delivery = tasks.create_task(pump(outbox, connect, clock))
        machine = Machine(user_id, agent_id, clock)
        sampling = tasks.create_task(collect(machine, outbox, clock, interval_s))
        await told_to_stop.wait()
        sampling.cancel()
        await _flush(outbox)
        delivery.cancel()
    log.info("stopped", undelivered=len(outbox), dropped=outbox.dropped)


def _on_signals() -> asyncio.Event:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    return told_to_stop


async def collect(machine: Machine, outbox: Outbox, clock: Clock, interval_s: float) -> None:
    """Put a sample into the outbox at every tick, until cancelled."""
    async for _ in ticks(clock, interval_s):
        sample = machine.sample()
        outbox.put(sample.agent_id.encode(), msgspec.json.encode(sample))


async def _flush(outbox: Outbox) -> None:
    try:
        await asyncio.wait_for(outbox.emptied(), FLUSH_TIMEOUT_S)
    except TimeoutError:
        log.warning("not acknowledged in time: these samples are lost", samples=len(outbox))
