"""A broker that is away, or silent: every sample arrives or is counted, and closing has an end."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord

from deploy.local.environment import parse
from emit import Emitter, Totals
from emit.buffer import CarryingSample
from tests.integration.emit.topics import made, reader, records, samples_of
from tests.support.process import fleetgauge
from tests.support.stack import REPOSITORY, Topics
from tests.support.waiting import until
from tests.unit.emit.events import a_payment

STACK = REPOSITORY / "deploy" / "local" / "stack.py"
EXAMPLE = REPOSITORY / "docs" / "agents" / "example.py"
DEFAULT_TOPICS = Topics("fleet.samples", "fleet.events", "fleet.deadletter")
AWAY_S = 10.0
QUESTION_EVERY_S = 0.02


class Broker:
    """A broker that nobody else uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def do(self, command: str, *words: str) -> None:
        subprocess.run([sys.executable, STACK, command, "--dir", self._folder, *words], check=True)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It holds its connections and answers nobody."""
        call: list[str | Path] = [sys.executable, STACK, "status", "--json", "--dir", self._folder]
        facts = json.loads(subprocess.run(call, capture_output=True, check=True).stdout)
        os.kill(facts["kafka"]["pid"], signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(facts["kafka"]["pid"], signal.SIGCONT)

    @property
    def bootstrap(self) -> str:
        return parse((self._folder / "env").read_text())["FLEETGAUGE_KAFKA_BOOTSTRAP"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    own = Broker(tmp_path_factory.mktemp("broker"))
    try:
        own.do("up")
        asyncio.run(made(own.bootstrap, DEFAULT_TOPICS))
        yield own
    finally:
        own.do("clean")


@asynccontextmanager
async def example(bootstrap: str, log: Path) -> AsyncIterator[Process]:
    """The example as a separate process, asked on its stdin."""
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(EXAMPLE), bootstrap),
            env={"PYTHONPATH": str(REPOSITORY)},
            stdin=PIPE,
            stderr=stderr,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ask(process: Process) -> int:
    """A question each 20 ms until cancelled; returns how many."""
    asked = 0
    assert process.stdin is not None
    try:
        while True:
            process.stdin.write(b"how are you?\n")
            await process.stdin.drain()
            asked += 1
            await asyncio.sleep(QUESTION_EVERY_S)
    except asyncio.CancelledError:
        return asked


async def something_new(bootstrap: str, topic: str, known: int) -> None:
    """Returns once the topic has more records than the known."""
    async with reader(bootstrap, topic) as consumer:
        for _ in range(known + 1):
            await asyncio.wait_for(consumer.getone(), 60)


async def ended(process: Process) -> None:
    """Returns when the example, with no more questions, has closed its emitter."""
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 60) == 0


def totals_in(log: str) -> Totals:
    """What the example logs at its end."""
    logged = re.search(r"Totals\((.*)\)", log)
    assert logged is not None, log
    return Totals(**{name: int(n) for name, n in re.findall(r"(\w+)=(\d+)", logged[1])})


def distinct_samples(found: list[ConsumerRecord]) -> list[CarryingSample]:
    """The samples without duplicates, by the contract's key."""
    samples = [sample for record in found for sample in samples_of(record)]
    return list({(s.user_id, s.agent_id, s.ts): s for s in samples}.values())


async def test_every_sample_arrives_or_is_counted(broker: Broker, tmp_path: Path) -> None:
    log = tmp_path / "log"
    topic = DEFAULT_TOPICS.samples
    async with example(broker.bootstrap, log) as process:
        asking = asyncio.create_task(ask(process))
        await something_new(broker.bootstrap, topic, 0)
        await asyncio.to_thread(broker.do, "stop", "kafka")
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(broker.do, "start", "kafka")
        known = len(await records(broker.bootstrap, topic))
        await something_new(broker.bootstrap, topic, known)
        asking.cancel()
        asked = await asking
        await ended(process)
    totals = totals_in(await asyncio.to_thread(log.read_text))
    arrived = distinct_samples(await records(broker.bootstrap, topic))
    assert totals.waiting == totals.dropped_events == 0
    assert totals.dropped_samples > 0
    assert totals.accepted == totals.acknowledged + totals.dropped_samples
    assert len(arrived) == totals.acknowledged
    assert sum(sample.dropped_samples for sample in arrived) == totals.dropped_samples
    assert sum(sample.messages for sample in arrived) == asked
    assert sum(sample.errors for sample in arrived) == 0


async def test_the_host_waits_for_a_broker_that_has_gone(broker: Broker) -> None:
    known = len(distinct_samples(await records(broker.bootstrap, DEFAULT_TOPICS.samples)))
    ids = ("--user", "ada", "--agent", "laptop", "--interval", "0.1")
    with fleetgauge(host_variables(broker), "emit", "host", *ids) as process:
        await asyncio.to_thread(process.await_line, "connected to the broker")
        await asyncio.to_thread(broker.do, "stop", "kafka")
        await asyncio.to_thread(process.await_line, f"no broker answers at {broker.bootstrap}")
        await asyncio.to_thread(broker.do, "start", "kafka")
        await asyncio.to_thread(process.await_line, "sending events again")
        process.signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.await_exit) == 0
    assert "Traceback" not in process.output
    totals = json.loads(process.lines[-1])
    arrived = distinct_samples(await records(broker.bootstrap, DEFAULT_TOPICS.samples))
    assert totals["accepted"] == totals["acknowledged"] == len(arrived) - known


def host_variables(broker: Broker) -> dict[str, str]:
    return {
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "FLEETGAUGE_KAFKA_BOOTSTRAP": broker.bootstrap,
    }


async def test_closing_has_an_end_where_the_broker_is_silent(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    async with Emitter(broker.bootstrap, "ada", interval_s=None, close_timeout_s=1.0) as emitter:
        emitter.send(a_payment())
        await until_acknowledged(emitter)
        with broker.silent():
            emitter.send(a_payment(payment_id="p2"))
            begun_s = time.monotonic()
            totals = await emitter.close()
            took_s = time.monotonic() - begun_s
    assert 1.0 <= took_s < 10.0
    assert totals == Totals(accepted=2, acknowledged=1, waiting=1)
    assert "lost 1 events: not acknowledged in time" in caplog.text
    assert "never retrieved" not in caplog.text
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def until_acknowledged(emitter: Emitter) -> None:
    async def acknowledged() -> bool:
        return emitter.totals.waiting == 0

    await until(acknowledged, "an acknowledgement", 60)
