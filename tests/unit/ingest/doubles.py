"""Doubles of what the pipeline moves records between."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import LeaderNotAvailableError
from psycopg import errors

from ingest.batch import AgentKeys, Batch
from ingest.cancelscope import CancelScope
from ingest.kafka.logends import LogEnd
from ingest.kafka.logidentity import Identities, LogIdentity
from ingest.reading.claimer import Assignment
from ingest.reading.positions import Bounds, GapError, Positions
from ingest.reading.writepriority import WritePriority
from ingest.record import Record
from ingest.rejection import Rejection
from ingest.writing.offsets import Claim
from tests.unit.ingest.records import TOPIC, identity

PARTITION = TopicPartition(TOPIC, 0)


class Log:
    """Stands for the fetcher: hands out what is put in `arriving`, an error by raising it.

    While `settled` is clear the group rebalances, and a fetch waits for its end.
    """

    def __init__(self, *arriving: Sequence[Record] | Exception) -> None:
        self.arriving = list(arriving)
        self.assignment = [PARTITION]
        self.reassigned = asyncio.Event()
        self.reassigned.set()
        self.scope = CancelScope(patience_s=0.1)
        self.settled = asyncio.Event()
        self.settled.set()
        self.waiting = 0
        self.asked_for: list[int] = []
        self.rounds = 0
        self.commits: list[dict[TopicPartition, int]] = []
        self.started_at: list[dict[TopicPartition, int]] = []
        self.member_answers: list[bool | Exception] = []
        self.alive = 0
        self.unreadable: set[TopicPartition] = set()
        self.paused = False
        self.marks_to = 0
        self.identity = identity()
        self.leaderless = 0
        self.claims_begun = 0

    async def assignments(self) -> AsyncIterator[CancelScope]:
        while True:
            await self.reassigned.wait()
            self.reassigned.clear()
            self.scope = CancelScope(patience_s=0.1)
            yield self.scope

    async def all_identities(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        if self.leaderless:
            self.leaderless -= 1
            raise LeaderNotAvailableError
        return dict.fromkeys(partitions, self.identity)

    identities = all_identities

    async def reachable_log_identities(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        self.claims_begun += 1
        return await self.all_identities(partitions)

    async def revoke(self) -> None:
        """The group takes the partitions back; `reassigned` gives them out again."""
        await self.scope.end()

    async def log_bounds(self, partitions: list[TopicPartition]) -> dict[TopicPartition, Bounds]:
        return dict.fromkeys(partitions, (0, 1000))

    def damaged_to(self, partition: TopicPartition) -> int:
        return 0

    def start_at(
        self, positions: dict[TopicPartition, int], settled: Mapping[TopicPartition, int]
    ) -> None:
        self.started_at.append(positions)

    async def fetch(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        await asyncio.sleep(0.001)
        self.asked_for.append(max_records)
        self.waiting += 1
        await self.settled.wait()
        self.waiting -= 1
        self.rounds += 1
        found = self.arriving.pop(0) if self.arriving else []
        if isinstance(found, Exception):
            raise found
        return {PARTITION: list(found)} if found else {}

    async def reached(self) -> dict[TopicPartition, int]:
        return {PARTITION: self.marks_to}

    async def poll_paused(self) -> None:
        self.paused = True
        self.alive += 1
        await asyncio.sleep(0)

    def resume(self) -> None:
        self.paused = False

    async def is_member(self, positions: dict[TopicPartition, int]) -> bool:
        answer = self.member_answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def commit_to_group(self, positions: dict[TopicPartition, int]) -> bool:
        self.commits.append(dict(positions))
        return True

    async def committed_offsets(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, LogEnd]:
        return dict.fromkeys(partitions, LogEnd(1_000, 1_000))


class Letters:
    """Stands for the dead letters; each of `failures` refuses one attempt.

    While `held` is clear, nothing is acknowledged.
    """

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.begun = 0
        self.sent: list[Rejection] = []
        self.held = asyncio.Event()
        self.held.set()

    async def send(self, waiting: list[Rejection]) -> None:
        self.begun += 1
        if self._failures:
            raise self._failures.pop(0)
        await self.held.wait()
        self.sent += waiting
        waiting.clear()


class Claims:
    """Stands for taking over: each claim has the next epoch, and starts at `stored`."""

    def __init__(self, *, accept_gap: bool = False) -> None:
        self._accept_gap = accept_gap
        self.begun = 0
        self.epoch = 0
        self.stored = 0
        self.distrusted: list[GapError] = []
        self.renewed = 0
        self.held = asyncio.Event()
        self.held.set()

    async def claim(self, bounds: Mapping[TopicPartition, Bounds], logs: Identities) -> Assignment:
        self.begun += 1
        await self.held.wait()
        self.epoch += 1
        claims = {p: Claim(self.epoch, self.stored, "here", None, None, "server") for p in bounds}
        return Assignment(claims, Positions(claims, bounds), logs)

    async def check(self, claims: Any, stored: Any) -> None:
        """Nothing has changed."""

    async def renew_connections(self) -> None:
        self.renewed += 1

    def forget_gaps(self) -> None:
        """None is remembered beyond a claim."""

    def accept_or_raise(self, gap: GapError) -> None:
        if not self._accept_gap:
            raise gap
        self.distrusted.append(gap)


class Table:
    """Stands for the database: gives keys to agents, and takes batches.

    Each of `failures` refuses one attempt, rows from the offsets `refused` are refused always, and
    those from `broken` raise what nobody foresaw; while `held` is clear, a write does not end. The
    keys of agents of `broken_users` cannot be looked up.
    """

    def __init__(self, claims: Claims, *failures: Exception) -> None:
        self._claims = claims
        self._failures = list(failures)
        self._keys: list[AgentKeys] = []
        self.priority = WritePriority()
        self.refused: set[int] = set()
        self.broken: set[int] = set()
        self.broken_users: set[str] = set()
        self.written: list[tuple[int, int]] = []
        self.begun = 0
        self.resolved = 0
        self.forgotten = 0
        self.held = asyncio.Event()
        self.held.set()

    @property
    def agents(self) -> int:
        return 1

    async def keys_of(self, agents: Collection[str]) -> AgentKeys:
        self.resolved += 1
        if any(agent.split("/")[0] in self.broken_users for agent in agents):
            raise ZeroDivisionError("the id of a user")
        self._keys.append(AgentKeys(dict.fromkeys(agents, 1)))
        return self._keys[-1]

    def is_current(self, keys: AgentKeys) -> bool:
        return any(keys is known for known in self._keys)

    def forget(self) -> None:
        self.forgotten += 1
        self._keys.clear()

    async def write(self, batch: Batch, claims: Any) -> None:
        self.begun += 1
        with self.priority.yielded():
            await self.held.wait()
        if self._failures:
            raise self._failures.pop(0)
        span = batch.spans[PARTITION]
        has_rows = batch.samples.height or batch.events
        if has_rows and self.refused.intersection(range(span.first, span.next)):
            raise errors.CheckViolation("no")
        if has_rows and self.broken.intersection(range(span.first, span.next)):
            raise ZeroDivisionError("the value of a user")
        assert span.first == self._claims.stored
        self.written.append((span.first, span.next))
        self._claims.stored = span.next
