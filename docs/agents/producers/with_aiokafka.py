"""An agent in Python that sends a sample each second with aiokafka.

python with_aiokafka.py USER [AGENT]

It needs aiokafka and psutil. SIGTERM or Ctrl-C delivers a last sample and ends it.
"""

import asyncio
import json
import logging
import os
import random
import signal
import socket
import ssl
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

INTERVAL_S = 1.0
USER, *NAMED = sys.argv[1:]
# New for each process: processes that share an id count as one agent and may lose samples.
AGENT = NAMED[0] if NAMED else f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
TOPIC = os.environ.get("FLEETGAUGE_SAMPLES_TOPIC", "fleet.samples")
PROCESS = psutil.Process()

log = logging.getLogger("agent")


@dataclass
class Counts:
    """Counts since the previous sample."""

    messages: int = 0
    errors: int = 0
    response_ms: float = 0.0

    def drain(self) -> "Counts":
        drained = Counts(self.messages, self.errors, self.response_ms)
        self.messages, self.errors, self.response_ms = 0, 0, 0.0
        return drained


def new_producer() -> AIOKafkaProducer:
    security = os.environ.get("FLEETGAUGE_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    ca_file = os.environ.get("FLEETGAUGE_KAFKA_CA_FILE")
    # Keys are hashed as in Java by default. `enable_idempotence` stays off: with it aiokafka
    # retries forever without logging, and Fleetgauge counts duplicates once anyway.
    return AIOKafkaProducer(
        bootstrap_servers=os.environ["FLEETGAUGE_KAFKA_BOOTSTRAP"],
        acks="all",
        request_timeout_ms=5_000,
        security_protocol=security,
        ssl_context=ssl.create_default_context(cafile=ca_file) if "SSL" in security else None,
        sasl_mechanism=os.environ.get("FLEETGAUGE_KAFKA_SASL_MECHANISM", "PLAIN"),
        sasl_plain_username=os.environ.get("FLEETGAUGE_KAFKA_USERNAME"),
        sasl_plain_password=os.environ.get("FLEETGAUGE_KAFKA_PASSWORD"),
    )


async def work(counts: Counts) -> None:
    """The agent's actual work: a message takes some milliseconds, and one in fifty fails."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(random.uniform(0.005, 0.05))
        counts.messages += 1
        counts.errors += random.random() < 0.02
        counts.response_ms += (time.perf_counter() - begun) * 1_000


def sample(counts: Counts) -> bytes:
    """A sample event of this process, JSON-encoded."""
    event = {
        "type": "sample",
        "userId": USER,
        "agentId": AGENT,
        "ts": datetime.now(UTC).isoformat(),
        # Percent of all processors: one busy processor out of four is 25.
        "cpu": min(PROCESS.cpu_percent() / (psutil.cpu_count() or 1), 100),
        "memory": PROCESS.memory_percent(),
        "messages": counts.messages,
        "errors": counts.errors,
    }
    if counts.messages:
        event["responseMs"] = counts.response_ms / counts.messages
    return json.dumps(event).encode()


async def deliver(producer: AIOKafkaProducer, value: bytes, stopping: asyncio.Event) -> int:
    """Retries until the broker acknowledges (1), or an attempt fails while stopping (0)."""
    while True:
        try:
            await producer.send_and_wait(TOPIC, value, key=AGENT.encode())
        except KafkaError as error:
            log.warning("not acknowledged: %r", error)
            if stopping.is_set():
                return 0
            await pause(stopping)
        else:
            return 1


async def pause(stopping: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), INTERVAL_S)


async def main() -> bool:
    """Whether all samples were acknowledged."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    counts, sent, acknowledged = Counts(), 0, 0
    async with new_producer() as producer:
        log.info("sampling as %s", AGENT)
        working = asyncio.create_task(work(counts))
        while not stopping.is_set():
            acknowledged += await deliver(producer, sample(counts.drain()), stopping)
            sent += 1
            await pause(stopping)
        working.cancel()
        acknowledged += await deliver(producer, sample(counts.drain()), stopping)
        sent += 1
    log.info("%d of %d samples acknowledged", acknowledged, sent)
    return acknowledged == sent


logging.basicConfig(level=logging.INFO, format="%(message)s")
sys.exit(0 if asyncio.run(main()) else 1)
