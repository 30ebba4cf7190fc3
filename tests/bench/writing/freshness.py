"""The time from producing a sample to its visibility in the API, under load."""

import asyncio
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import msgspec
import numpy as np
from aiokafka import AIOKafkaProducer

from schemas.events import Sample
from schemas.responses import Performance
from tests.bench.measurement import Bench
from tests.bench.result import Reached, Result, Series, Values
from tests.bench.writing.databases import migrated_database
from tests.bench.writing.feeding import Feed, feeding
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import open_meter
from tests.bench.writing.processes import check
from tests.bench.writing.progress import reach, stored_offsets
from tests.bench.writing.topic import created_topics
from tests.support.serve_process import Serving, holder, served
from tests.support.stack import Topics, environment

NAME: Final = "freshness"
TITLE: Final = "Freshness"
AGENTS: Final = 10_000
RATE: Final = 20_000
PARTITIONS: Final = 6
BATCH_ROWS: Final = 100_000
PROBES: Final = 4
# Numbers of ingest processes. Only the last, one process per core, is compared with the target.
INGESTS: Final = (1, 2)
SECONDS: Final = 6.0
FULL_SECONDS: Final = 60.0
ASK_EVERY_S: Final = 0.025
DEADLINE_S: Final = 60.0


def measure(bench: Bench) -> Result:
    """Measure without the response cache, which by default adds up to 2 s."""
    seconds = FULL_SECONDS if bench.scale.is_full else SECONDS
    watched = [_watch(bench, ingests, seconds) for ingests in INGESTS]
    return Result(
        name=NAME,
        title=TITLE,
        setup=(
            f"{bench.edition} edition, {AGENTS:,} agents, {PARTITIONS} partitions, {RATE:,} "
            f"samples/s, some watched for {seconds:.0f} s, {INGESTS[-1]} ingest processes, one "
            "`serve` process"
        ),
        series=tuple(watched),
        reached=(
            Reached("freshness_p50", watched[-1].figures["p50"]),
            Reached("freshness_p99", watched[-1].figures["p99"]),
        ),
        remarks=(
            f"{PROBES} users request `/performance` every {ASK_EVERY_S * 1000:.0f} ms until it has "
            "their sample, without the response cache (`FLEETGAUGE_ANSWER_CACHE_MS=0`). With the "
            "default, a cached answer may be up to 2 s older.",
        ),
    )


def _quantiles(times: list[float]) -> dict[str, Values]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "slowest": 1.0}
    return {name: (float(np.quantile(times, share)),) for name, share in shares.items()}


def _watch(bench: Bench, ingests: int, seconds: float) -> Series:
    """Quantiles of the seconds until a sample is visible; the name has the load in samples/s."""
    geometry = Geometry(AGENTS, BATCH_ROWS, 0, datetime.now(UTC))
    with ExitStack() as until_done:
        topics = until_done.enter_context(created_topics(bench.stack, PARTITIONS))
        url = until_done.enter_context(migrated_database(bench.stack, geometry))
        ingest = Ingest(bench.stack, url, topics, BATCH_ROWS, bench.scratch, ingests)
        writers = until_done.enter_context(ingest.running())
        meter = until_done.enter_context(open_meter(url, [one.pid for one in writers]))
        serving = until_done.enter_context(served(_for_serve(bench, url, topics)))
        broker = bench.stack.kafka_bootstrap
        feed = Feed(broker, url, topics.samples, PARTITIONS, AGENTS, seconds + 120, RATE)
        until_done.enter_context(feeding(feed, bench.scratch))
        progress = stored_offsets(topics.samples)
        # Wait for a second of load, so that all processes are active.
        before = reach(meter.connection, progress, RATE, DEADLINE_S, lambda: check(writers))
        began = time.monotonic()
        times = asyncio.run(_probe(serving, broker, topics.samples, seconds))
        rate = (progress(meter.connection) - before) / (time.monotonic() - began)
    load = f"{ingests} ingest, {rate:,.0f} samples/s, {len(times):,} watched"
    return Series(f"produced to visible, s: {load}", _quantiles(times))


def _for_serve(bench: Bench, url: str, topics: Topics) -> dict[str, str]:
    return environment(
        url,
        bench.stack,
        topics,
        FLEETGAUGE_ANSWER_CACHE_MS="0",
        FLEETGAUGE_RATE_LIMIT_PER_S="0",
    )


async def _probe(serving: Serving, broker: str, topic: str, seconds: float) -> list[float]:
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        async with httpx.AsyncClient(base_url=serving.url, timeout=DEADLINE_S) as client:
            probes = [_Probe(client, producer, topic, number) for number in range(PROBES)]
            found = await asyncio.gather(*(probe.run(seconds) for probe in probes))
    finally:
        await producer.stop()
    return [value for values in found for value in values]


class _Probe:
    """A user with one agent that waits until each of its samples is visible."""

    def __init__(self, client: httpx.AsyncClient, producer: Any, topic: str, number: int) -> None:
        self._client = client
        self._producer = producer
        self._topic = topic
        self._user_id = f"probe-{number}"
        self._agent_id = f"probe-{number}"

    async def run(self, seconds: float) -> list[float]:
        """Return the delays in seconds, without the first sample: its agent is new."""
        await self._once()
        ends = time.monotonic() + seconds
        times = []
        while time.monotonic() < ends:
            times.append(await self._once())
        return times

    async def _once(self) -> float:
        sample = Sample(
            user_id=self._user_id,
            agent_id=self._agent_id,
            ts=datetime.now(UTC),
            cpu=1.0,
            memory=1.0,
            messages=0,
            errors=0,
        )
        began = time.monotonic()
        await self._producer.send(
            self._topic, msgspec.json.encode(sample), key=self._agent_id.encode()
        )
        while await self._newest() != sample.ts:
            if time.monotonic() > began + DEADLINE_S:
                raise TimeoutError(f"a sample was not visible after {DEADLINE_S:.0f} s")
            await asyncio.sleep(ASK_EVERY_S)
        return time.monotonic() - began

    async def _newest(self) -> datetime:
        answer = await self._client.get(
            f"/api/metrics/{self._user_id}/performance", headers=holder(self._user_id)
        )
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=Performance).as_of
