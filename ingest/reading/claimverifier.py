"""Verifies claims against the database and the logs periodically, also while idle.

Both may be rolled back or replaced while no read or write would notice it.
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

# docs/guarantees.md promises three times as long: a check times out after one period, and the next
# one starts a period later.
CHECK_EVERY_S: Final = 10.0


async def confirm(
    source: RecordSource,
    logs: Identities,
    partitions: Collection[TopicPartition],
    within_s: float,
) -> None:
    """Returns when the leaders of these partitions have confirmed that the logs are unchanged.

    Raises LogChangedError if one has changed, NoLeaderError if a leader does not respond in time.
    """
    try:
        async with asyncio.timeout(within_s):
            found = await until_done("identify", lambda: source.all_identities(partitions))
    except TimeoutError as error:
        names = ", ".join(f"{p.topic}/{p.partition}" for p in sorted(partitions))
        raise NoLeaderError(
            f"not all leaders of these partitions responded within {within_s:.0f} s: {names}"
        ) from error
    compare(logs, found)


class ClaimVerifier:
    """Verifies one assignment; each check starts `every_s` after the last one."""

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
        """Runs until a check raises LogChangedError or StaleClaimError."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.check()

    async def check(self) -> None:
        """Checks logs and database concurrently; raises as `run`."""
        checks = await asyncio.gather(
            self._compare_logs(), self._compare_offsets(), return_exceptions=True
        )
        for found in checks:
            if found is not None:
                with reported("recheck"):
                    raise found

    async def _compare_logs(self) -> None:
        """An unavailable broker is no failure: reading and writing wait for it."""
        logs = self._assignment.logs
        try:
            async with asyncio.timeout(self._every_s):
                found = await self._source.identities(list(logs))
        except TimeoutError:
            log.warning("logs not verified: no response", after_s=self._every_s)
        else:
            compare(logs, found)

    async def _compare_offsets(self) -> None:
        """The database must have at least the offsets stored when the check began."""
        stored = dict(self._progress.stored)
        try:
            async with asyncio.timeout(self._every_s):
                await self._claimer.check(self._assignment.claims, stored)
        except (psycopg.Error, TimeoutError) as error:
            log.warning("offsets not verified", error=sentence(error))
