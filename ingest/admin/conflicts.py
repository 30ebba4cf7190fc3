"""Detects, while ingest runs, two consumer groups on one database and one group on two databases.

Neither stops ingest: stored data is correct, and only an operator knows which setup is intended.
"""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

import psycopg
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from psycopg import AsyncConnection

from ingest import metrics
from ingest.database import Pool
from ingest.errors import sentence
from ingest.reading.commitmetadata import (
    DatabaseIdentity,
    Foreign,
    elsewhere,
    identify,
    read_commits,
)
from ingest.unexpectederrors import reported
from schemas.settings import KafkaSettings
from sql.named import query

log = structlog.get_logger("ingest")

PERIOD_S: Final = 10.0
ANSWER_S: Final = 5.0
# A group without activity is no longer a conflict after this many checks.
FORGET_AFTER: Final = 4
# A commit left over from before a server's restart is renewed at most once.
RENEWALS: Final = 2
WITHIN_S: Final = PERIOD_S * FORGET_AFTER
HINT_GROUPS: Final = "give every ingest of a database the same FLEETGAUGE_CONSUMER_GROUP"
HINT_DATABASES: Final = (
    "give every ingest of a consumer group the same FLEETGAUGE_DATABASE_URL, or each database its "
    "own FLEETGAUGE_CONSUMER_GROUP: it then stores the missing records from its own offsets on"
)

Key = TypeVar("Key", bound=Hashable)


class Committer(Protocol):
    """Commits offsets for the group; `database` is the one that stores the partitions, if known."""

    database: DatabaseIdentity | None


class Renewals(Generic[Key]):
    """Tracks which timestamps of other processes are still being renewed.

    Compares each timestamp with its previous value only, never the clocks of two machines. A
    timestamp that stays the same belongs to a process that has ended.
    """

    def __init__(self) -> None:
        self._marks: dict[Key, datetime] = {}
        self._renewed: dict[Key, int] = {}
        self._still: dict[Key, int] = {}

    def look(self, marks: Mapping[Key, datetime]) -> set[Key]:
        """Takes the current timestamps; returns the keys renewed at least RENEWALS times lately."""
        for key, mark in marks.items():
            is_new = key in self._marks and self._marks[key] != mark
            self._renewed[key] = self._renewed.get(key, 0) + is_new
            self._still[key] = 0 if is_new else self._still.get(key, 0) + 1
        self._marks = dict(marks)
        for key in [*self._renewed]:
            if key not in marks or self._still[key] >= FORGET_AFTER:
                del self._renewed[key], self._still[key]
        return {key for key, times in self._renewed.items() if times >= RENEWALS}


class ConflictWatch:
    """Checks for conflicts every PERIOD_S, and informs the committer which database this is."""

    def __init__(self, pool: Pool, kafka: KafkaSettings, group: str, committer: Committer) -> None:
        self._pool = pool
        self._kafka = kafka
        self._group = group
        self._committer = committer
        self._topics = sorted([kafka.samples_topic, kafka.events_topic])
        self._groups: Renewals[str] = Renewals()
        self._databases: Renewals[Foreign] = Renewals()
        self._reported: dict[str, str] = {}

    async def run(self) -> None:
        """Checks until cancelled; retries while a server is unavailable."""
        while True:
            try:
                with reported("conflicts"):
                    await self._look()
            except TimeoutError:
                self._report_blind("no answer in time")
            except (psycopg.Error, KafkaError, OSError) as error:
                self._report_blind(sentence(error))
            await asyncio.sleep(PERIOD_S)

    async def _look(self) -> None:
        try:
            here, groups = await self._look_at_database()
        except (psycopg.Error, TimeoutError):
            # The next connection may reach another server.
            self._committer.database = None
            raise
        self._committer.database = here
        self._report_groups(self._groups.look({g: at for g, at in groups if g != self._group}))
        commits = await read_commits(self._kafka, self._group, self._topics)
        self._report_databases(here, self._databases.look(elsewhere(commits, here)))
        self._reported.pop("blind", None)

    async def _look_at_database(self) -> tuple[DatabaseIdentity, list[tuple[str, datetime]]]:
        # The last identity is committed meanwhile, so a server that hangs must time out soon.
        async with asyncio.timeout(ANSWER_S), self._pool.connection() as connection:
            here = await identify(connection)
            await note_group(connection, self._group, self._topics)
            return here, await read_groups(connection, self._topics)

    def _report_groups(self, others: set[str]) -> None:
        metrics.GROUP_CONFLICT.labels("groups").set(bool(others))
        named = ", ".join(sorted(others))
        if not self._is_news("groups", named):
            return
        if others:
            log.error(
                "other consumer groups write to this database and take over its partitions",
                group=self._group,
                others=named,
                hint=HINT_GROUPS,
            )
        else:
            log.info("no other consumer group writes to this database now", group=self._group)

    def _report_databases(self, here: DatabaseIdentity, others: set[Foreign]) -> None:
        metrics.GROUP_CONFLICT.labels("databases").set(bool(others))
        named = "; ".join(sorted({other.database.name for other in others}))
        if not self._is_news("databases", named):
            return
        if others:
            log.error(
                "another database stores partitions of this consumer group, so this one lacks them",
                group=self._group,
                database=here.name,
                others=named,
                partitions=sorted(name_of(other.partition) for other in others),
                hint=HINT_DATABASES,
            )
        else:
            log.info("this consumer group uses only one database again", group=self._group)

    def _report_blind(self, reason: str) -> None:
        if self._is_news("blind", reason):
            log.warning("cannot check for other groups and databases", error=reason)

    def _is_news(self, kind: str, text: str) -> bool:
        """Whether the text differs from the last one reported of this kind, initially empty."""
        before, self._reported[kind] = self._reported.get(kind, ""), text
        return text != before


async def note_group(connection: AsyncConnection[Any], group: str, topics: Sequence[str]) -> None:
    """Records that a group writes to this database now; raises psycopg's errors."""
    await connection.execute(query("note_group"), {"consumer_group": group, "topics": topics})


async def read_groups(
    connection: AsyncConnection[Any], topics: Sequence[str]
) -> list[tuple[str, datetime]]:
    """Groups that stored these topics in the last WITHIN_S, with times; raises psycopg's errors."""
    cursor = await connection.execute(
        query("read_groups"), {"topics": topics, "within_s": WITHIN_S}
    )
    return await cursor.fetchall()


def name_of(partition: TopicPartition) -> str:
    """A partition as text: `fleet.samples/3`."""
    return f"{partition.topic}/{partition.partition}"
