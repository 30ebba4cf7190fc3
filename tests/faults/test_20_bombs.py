"""What inflates without end, what is far too large, wrong clocks: memory stays within bounds."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiokafka import TopicPartition

from schemas.events import Sample
from tests.faults.deadletters import Place, dead_letters
from tests.faults.ledger import Ledger, message
from tests.support.appending import appending
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.kafka import set_max_bytes
from tests.support.oracle import Fleet
from tests.unit.ingest.batches import batch, with_other_name

pytestmark = pytest.mark.fault(20, "bombs, wrong clocks")

Environment = Callable[..., dict[str, str]]

NOW = datetime.now(UTC)
FLEET = Fleet(2, 50, NOW, timedelta(minutes=1))
MEBIBYTE = 1024**2
# Twice the bound of a batch, for what is inflated and for what was made of it.
GROWTH = 64 * MEBIBYTE


def memory(ingest: IngestProcess) -> int:
    """The most that was resident so far."""
    lines = Path(f"/proc/{ingest.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


async def append(ledger: Ledger, raw: bytes, partition: int, places: int = 1) -> list[Place]:
    """Appends a batch of so many records to the samples, and notes them as refused."""
    here = TopicPartition(ledger.topics.samples, partition)
    async with appending(ledger.stack) as appender:
        first = await appender.append(here, raw)
    found = [Place(here, first + number) for number in range(places)]
    for place in found:
        ledger.enter(place, None, is_refused=True)
    return found


BOMBS = [("gzip", 64), ("lz4", 64), ("zstd", 300)]


async def test_a_bomb_is_one_dead_letter(
    ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    samples = FLEET.samples(20, random.Random(1))
    placed: list[tuple[Place, bytes]] = []
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.send(samples[:500])
        await ledger.all_stored()
        before = memory(ingest)
        for number, (codec, mebibytes) in enumerate(BOMBS):
            bomb = batch([b"\0" * mebibytes * MEBIBYTE], codec)
            assert len(bomb) < 2 * MEBIBYTE
            placed += [(place, bomb) for place in await append(ledger, bomb, number)]
        await ledger.send(samples[500:])
        await ledger.all_stored()
        assert memory(ingest) - before < GROWTH
        assert await ingest.stop() == 0
    await ledger.settle()
    letters = await dead_letters(ledger.stack, ledger.topics)
    for place, bomb in placed:
        headers = dict(letters[place].headers)
        # But for its offset and the broker's time, the batch is what was sent.
        assert letters[place].value[61:] == bomb[61:]
        assert headers["fleetgauge.reason"] == b"too_large"
        assert headers["fleetgauge.incomplete"] == b"a record batch, as stored by the broker"


async def test_many_that_stay_below_the_bound_one_by_one(
    ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    samples = FLEET.samples(20, random.Random(1))
    bomb = batch([b"\0" * 30 * MEBIBYTE], "zstd")
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.send(samples[:500])
        await ledger.all_stored()
        before = memory(ingest)
        for number in range(48):
            await append(ledger, bomb, number % 6)
        await ledger.send(samples[500:])
        await ledger.all_stored()
        # Two batches' worth in each place: what is read, what waits, the two that are settled, and
        # the one that is freed next; and copies of one while it is unpacked. All of them together
        # are 1,440 MiB.
        assert memory(ingest) - before < 8 * GROWTH
        assert await ingest.stop() == 0
    await ledger.settle()
    letters = await dead_letters(ledger.stack, ledger.topics)
    sizes = {len(letter.value) for letter in letters.values()}
    assert sizes == {2 * MEBIBYTE}


async def test_a_batch_of_fifty_megabytes(
    ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    # An operator has let it in.
    await set_max_bytes(ledger.stack, ledger.topics.samples, 64 * MEBIBYTE)
    samples = FLEET.samples(20, random.Random(1))
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.send(samples[:500])
        await ledger.all_stored()
        before = memory(ingest)
        await append(ledger, batch([b" " * 50 * MEBIBYTE]), 0)
        await append(ledger, batch([b" " * MEBIBYTE + b"!"] * 48), 1, places=48)
        await ledger.send(samples[500:])
        await ledger.all_stored()
        # As it comes, in the client, and in the letters.
        assert memory(ingest) - before < 8 * 50 * MEBIBYTE
        assert await ingest.stop() == 0
    await ledger.settle()


async def test_a_name_that_is_no_utf8(
    ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    samples = FLEET.samples(4, random.Random(1))
    strange = samples[0]
    here = TopicPartition(ledger.topics.samples, 0)
    raw = batch([msgspec.json.encode(strange)], headers=[("trace-é", b"1")])
    await ledger.send(samples[1:100])
    async with appending(ledger.stack) as appender:
        offset = await appender.append(here, with_other_name(raw, "é".encode(), b"\xff\xfe"))
    ledger.enter(Place(here, offset), strange, is_refused=False)
    await ledger.send(samples[100:])
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.all_stored()
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    await ledger.settle()


def shifted(sample: Sample, by: timedelta) -> Sample:
    return msgspec.structs.replace(sample, ts=sample.ts + by, agent_id=f"shifted-{by.days}")


async def test_agents_whose_clock_is_a_day_off(
    ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    samples = FLEET.samples(4, random.Random(1))
    behind = [shifted(sample, -timedelta(days=1)) for sample in samples[:1]]
    ahead = [shifted(sample, timedelta(days=1)) for sample in samples[:1]]
    await ledger.send([*samples, *behind])
    await ledger.put(
        replace(message(event, ledger.topics), refused=frozenset({0})) for event in ahead
    )
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.settle()
