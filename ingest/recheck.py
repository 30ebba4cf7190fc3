"""Compares a claim with the database and the logs again: every few seconds, also while idle.

Both may go back, or be replaced, while nothing is read or written that would show it.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

import psycopg
import structlog
from aiokafka import TopicPartition

from ingest import offsets
from ingest.database import Pool
from ingest.errors import sentence
from ingest.fetch import Fetcher
from ingest.identity import Identities, NoLeaderError, compare
from ingest.retry import until_done
from ingest.takeover import Assignment
from ingest.unexpected import reported

log = structlog.get_logger("ingest")

# What docs/guarantees.md promises is three times as long: a check that waits for an answer is given
# up after one period, and the next one comes after another.
CHECK_EVERY_S: Final = 10.0
# A new leader is elected within it. Whoever waits longer keeps other partitions waiting.
CONFIRM_WITHIN_S: Final = 5.0


async def confirm(
    fetcher: Fetcher, logs: Identities, partitions: Collection[TopicPartition]
) -> None:
    """Returns once the leaders of these partitions have confirmed that the logs are these.

    Raises LogChangedError where one is not, NoLeaderError where one does not answer in time.
    """
    try:
        async with asyncio.timeout(CONFIRM_WITHIN_S):
            found = await until_done("identify", lambda: fetcher.all_identities(partitions))
    except TimeoutError as error:
        names = ", ".join(f"{p.topic}/{p.partition}" for p in sorted(partitions))
        raise NoLeaderError(
            f"after {CONFIRM_WITHIN_S:.0f} s not all of these have a leader that answers: {names}"
        ) from error
    compare(logs, found)


class Recheck:
    """One check at a time, begun every `every_s`; what it finds is raised by the next `look`."""

    def __init__(
        self,
        pool: Pool,
        every_s: float = CHECK_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._every_s = every_s
        self._clock = clock
        self._began = clock()
        self._of: Assignment | None = None
        self._check: asyncio.Task[None] | None = None

    def look(
        self, fetcher: Fetcher, assignment: Assignment, stored: Mapping[TopicPartition, int]
    ) -> None:
        """Begins a check that is due; `stored` is where each partition is stored to, at least.

        Raises LogChangedError or StaleClaimError where the last one of this assignment found that.
        """
        if self._check is not None and self._check.done():
            check, self._check = self._check, None
            if self._of is assignment:
                check.result()
        now = self._clock()
        if self._check is None and now >= self._began + self._every_s:
            self._began, self._of = now, assignment
            self._check = asyncio.create_task(self._compare(fetcher, assignment, dict(stored)))

    @property
    def is_checking(self) -> bool:
        """Whether a check is under way."""
        return self._check is not None and not self._check.done()

    async def close(self) -> None:
        """Ends a check that is under way."""
        if self._check is not None:
            self._check.cancel()
            await asyncio.wait({self._check})

    async def _compare(
        self, fetcher: Fetcher, assignment: Assignment, stored: Mapping[TopicPartition, int]
    ) -> None:
        checks = await asyncio.gather(
            self._compare_logs(fetcher, assignment),
            self._compare_offsets(assignment, stored),
            return_exceptions=True,
        )
        for found in checks:
            if found is not None:
                with reported("recheck"):
                    raise found

    async def _compare_logs(self, fetcher: Fetcher, assignment: Assignment) -> None:
        """A broker that is away shows nothing: whoever needs it waits for it."""
        try:
            async with asyncio.timeout(self._every_s):
                found = await fetcher.identities(assignment.logs)
        except TimeoutError:
            log.warning("the logs were not compared: no answer", after_s=self._every_s)
        else:
            compare(assignment.logs, found)

    async def _compare_offsets(
        self, assignment: Assignment, stored: Mapping[TopicPartition, int]
    ) -> None:
        try:
            async with asyncio.timeout(self._every_s), self._pool.connection() as connection:
                await offsets.check(connection, assignment.claims, stored)
        except (psycopg.Error, TimeoutError) as error:
            log.warning("the offsets were not compared", error=sentence(error))
