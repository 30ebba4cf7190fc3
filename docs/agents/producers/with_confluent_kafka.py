"""An agent in Python that sends a sample each second with confluent-kafka.

python with_confluent_kafka.py USER [AGENT]

It needs confluent-kafka and psutil. SIGTERM or Ctrl-C delivers a last sample and ends it.
"""

import json
import logging
import os
import random
import signal
import socket
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil
from confluent_kafka import KafkaError, Message, Producer

INTERVAL_S = 1.0
USER, *NAMED = sys.argv[1:]
# New for each process: processes that share an id count as one agent and may lose samples.
AGENT = NAMED[0] if NAMED else f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
TOPIC = os.environ.get("FLEETGAUGE_SAMPLES_TOPIC", "fleet.samples")
PROCESS = psutil.Process()
# librdkafka's names for Fleetgauge's variables.
NAMES = {
    "bootstrap.servers": "FLEETGAUGE_KAFKA_BOOTSTRAP",
    "security.protocol": "FLEETGAUGE_KAFKA_SECURITY_PROTOCOL",
    "ssl.ca.location": "FLEETGAUGE_KAFKA_CA_FILE",
    "sasl.mechanism": "FLEETGAUGE_KAFKA_SASL_MECHANISM",
    "sasl.username": "FLEETGAUGE_KAFKA_USERNAME",
    "sasl.password": "FLEETGAUGE_KAFKA_PASSWORD",
}

log = logging.getLogger("agent")


@dataclass
class Counts:
    """Counts since the previous sample."""

    messages: int = 0
    errors: int = 0
    response_ms: float = 0.0


@dataclass
class Outcome:
    """Delivery reports of the samples."""

    acknowledged: int = 0
    lost: int = 0

    def delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.acknowledged += 1
        else:
            self.lost += 1
            log.warning("not acknowledged: %s", error)


def new_producer() -> Producer:
    return Producer(
        {
            **{name: os.environ[key] for name, key in NAMES.items() if key in os.environ},
            "acks": "all",
            "enable.idempotence": True,
            # As in Java; the default is another hash.
            "partitioner": "murmur2_random",
            # Retry for as long as the broker is unavailable, instead of five minutes; wait for a
            # missing topic for half an hour, instead of half a minute.
            "message.timeout.ms": 0,
            "topic.metadata.propagation.max.ms": 1_800_000,
        }
    )


def work(counts: Counts) -> None:
    """The agent's actual work: a message takes some milliseconds, and one in fifty fails."""
    begun = time.perf_counter()
    time.sleep(random.uniform(0.005, 0.05))
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


def send(producer: Producer, counts: Counts, outcome: Outcome) -> Counts:
    """Queues a sample without blocking; returns the counts to continue with."""
    try:
        producer.produce(TOPIC, sample(counts), key=AGENT.encode(), on_delivery=outcome.delivered)
    except BufferError:
        # The queue of 100,000 samples is full: these counts go into a later sample.
        return counts
    return Counts()


def main() -> bool:
    """Whether all samples were acknowledged."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    producer, counts, outcome = new_producer(), Counts(), Outcome()
    log.info("sampling as %s", AGENT)
    while not stopping.is_set():
        counts = send(producer, counts, outcome)
        due = time.monotonic() + INTERVAL_S
        while not stopping.is_set() and time.monotonic() < due:
            work(counts)
            producer.poll(0)
    send(producer, counts, outcome)
    lost = outcome.lost + producer.flush(5)
    log.info("%d of %d samples acknowledged", outcome.acknowledged, outcome.acknowledged + lost)
    return lost == 0


logging.basicConfig(level=logging.INFO, format="%(message)s")
sys.exit(0 if main() else 1)
