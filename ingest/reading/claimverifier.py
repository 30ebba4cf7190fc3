"""Compares a claim with the database and the logs again: every few seconds, also while idle.

Both may go back, or be replaced, while nothing is read or written that would show it.
"""

import asyncio
from collections.abc import Collection
from typing import Final, NoReturn

import psycopg
import structlog
from aiokafka import TopicPartition

from ingest.errors import sentence
from ingest.interfaces import Claimer, RecordSource
from ingest.kafka.logidentity import Identities, NoLeaderError, compare
from ingest.reading.claimer import Assignment
from ingest.reading.progressreport import ProgressReport
from ingest.retry import until_done
from ingest.unexpectederrors import reported

log = structlog.get_logger("ingest")

# What docs/guarantees.md promises is three times as long: a check that waits for an answer is given
# up after one period, and the next one comes after another.
CHECK_EVERY_S: Final = 10.0


async def confirm(
    source: RecordSource,
    logs: Identities,
    partitions: Collection[TopicPartition],
    within_s: float,
) -> None:
    """Returns once the leaders of these partitions have confirmed that the logs are these.

    Raises LogChangedError where one is not, NoLeaderError where one does not answer in time.
    """
    try:
        async with asyncio.timeout(within_s):
            found = await until_done("identify", lambda: source.all_identities(partitions))
    except TimeoutError as error:
        names = ", ".join(f"{p.topic}/{p.partition}" for p in sorted(partitions))
        raise NoLeaderError(
            f"after {within_s:.0f} s not all of these have a leader that answers: {names}"
        ) from error
    compare(logs, found)


class ClaimVerifier:
    """Compares one assignment, one check at a time, `every_s` after the last one."""

    def __init__(
        self,
        source: RecordSource,
        claimer: Claimer,
        assignment: Assignment,
        progress: ProgressReport,
        every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._source = source
        self._claimer = claimer
        self._assignment = assignment
        self._progress = progress
        self._every_s = every_s

    async def run(self) -> NoReturn:
        """Raises LogChangedError or StaleClaimError where a check finds that."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.check()

    async def check(self) -> None:
        """One check of both, side by side; raises as `run`."""
        checks = await asyncio.gather(
            self._compare_logs(), self._compare_offsets(), return_exceptions=True
        )
        for found in checks:
            if found is not None:
                with reported("recheck"):
                    raise found

    async def _compare_logs(self) -> None:
        """A broker that is away shows nothing: whoever needs it waits for it."""
        logs = self._assignment.logs
        try:
            async with asyncio.timeout(self._every_s):
                found = await self._source.identities(list(logs))
        except TimeoutError:
            log.warning("the logs were not compared: no answer", after_s=self._every_s)
        else:
            compare(logs, found)

    async def _compare_offsets(self) -> None:
        """Each partition is stored at least to where it was when the check began."""
        stored = dict(self._progress.stored)
        try:
            async with asyncio.timeout(self._every_s):
                await self._claimer.check(self._assignment.claims, stored)
        except (psycopg.Error, TimeoutError) as error:
            log.warning("the offsets were not compared", error=sentence(error))
