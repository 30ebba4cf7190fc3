"""Consumers join and leave every few seconds under load, some by freezing in mid-write: exact."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path

import psycopg
import pytest

from tests.faults.ledger import Ledger
from tests.faults.load import load
from tests.faults.plugin import Case
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.proxy import Proxy, Trap, proxy_to
from tests.support.waiting import until

pytestmark = pytest.mark.fault(10, "consumers join and leave")

FEWEST, MOST = 2, 4
PARTITIONS = 9
LEAVING = ["freeze", "stop", "freeze", "kill"]
SMALL = {"FLEETGAUGE_BATCH_MAX_ROWS": "500"}
# Where a writer is held while the group goes on without it.
PLACES = {
    "before it begins": lambda: Trap(b"Q\x00\x00\x00\x0aBEGIN\x00", after=-11),
    "in mid-COPY": lambda: Trap(b"PGCOPY\n\xff\r\n\0", after=1_000),
    "before COMMIT": lambda: Trap(b"Q\x00\x00\x00\x0bCOMMIT\x00", after=-12),
}


@dataclass
class Member:
    """A consumer, with its own proxy to the database."""

    process: IngestProcess
    proxy: Proxy


@dataclass
class Group:
    """The consumers that run, and how they come and go."""

    database: str
    samples_topic: str
    environment: Callable[..., dict[str, str]]
    folder: Path
    rng: random.Random
    stack: AsyncExitStack
    members: list[Member] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    leaving: Iterator[str] = field(default_factory=lambda: cycle(LEAVING))

    async def change(self) -> None:
        """One comes, or goes."""
        if len(self.members) < FEWEST or self.rng.random() < (len(self.members) < MOST) / 2:
            await self.join()
        else:
            await getattr(self, next(self.leaving))(self.members.pop(self._place()))

    async def join(self) -> None:
        """One more; at times the next change does not wait for it."""
        before = await self._offsets()
        proxy, through = await self.stack.enter_async_context(proxy_to(self.database))
        log = self.folder / f"{next(self.numbers)}.log"
        process = await self.stack.enter_async_context(
            ingest_process(self.environment(through, **SMALL), log)
        )
        self.members.append(Member(process, proxy))
        if self.rng.random() < 0.7:
            await self._claimed_since(before)

    async def stop(self, member: Member) -> None:
        """One less, in good order; a process that has only begun would not know the signal."""
        await member.process.said('"ingest runs"')
        assert await member.process.stop() == 0

    async def kill(self, member: Member) -> None:
        """One less, without a word."""
        await member.process.kill()

    async def freeze(self, member: Member) -> None:
        """One stops in mid-write, until others have written on from there; then it wakes."""
        trap = member.proxy.client_trap = PLACES[self.rng.choice(list(PLACES))]()
        await asyncio.wait_for(trap.sprung.wait(), 60)
        member.process.freeze()
        before = await self._offsets()
        await self._claimed_since(before)
        await self._written_since(before)
        before = await self._offsets()
        trap.released.set()
        member.process.wake()
        self.members.append(member)
        await self._claimed_since(before)

    def _place(self) -> int:
        return self.rng.randrange(len(self.members))

    async def _offsets(self) -> dict[tuple[str, int], tuple[int, int]]:
        """By partition its epoch and offset."""
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            cursor = await connection.execute(
                "select topic, partition, epoch, next_offset from ingest_offsets"
            )
            return {(t, p): (epoch, offset) for t, p, epoch, offset in await cursor.fetchall()}

    async def _claimed_since(self, before: dict[tuple[str, int], tuple[int, int]]) -> None:
        async def probe() -> bool:
            now = await self._offsets()
            return len(now) == PARTITIONS and all(
                epoch > before.get(partition, (0, 0))[0] for partition, (epoch, _) in now.items()
            )

        await until(probe, "a claim of every partition", 60)

    async def _written_since(self, before: dict[tuple[str, int], tuple[int, int]]) -> None:
        async def probe() -> bool:
            now = await self._offsets()
            samples = [partition for partition in before if partition[0] == self.samples_topic]
            return all(now[partition][1] > before[partition][1] for partition in samples)

        await until(probe, "a batch of every partition of samples", 60)


@pytest.mark.runs(short=1, long=5)
async def test_consumers_join_and_leave_under_load(
    run: int,
    case: Case,
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    async with AsyncExitStack() as stack:
        group = Group(database, ledger.topics.samples, ingest_environment, tmp_path, rng, stack)
        async with load(ledger, rng):
            for _ in range(case.rounds(short=3, long=10)):
                await group.change()
        await ledger.all_stored()
        for member in group.members:
            await group.stop(member)
    await ledger.settle()
