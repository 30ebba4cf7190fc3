"""What a commit to the consumer group carries beside the offset: the database that it is stored in.

The offset itself is for lag tools. The database's name lets members of a group notice that another
member stores its partitions elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from psycopg import AsyncConnection

from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings
from sql.named import query


class DatabaseIdentity(msgspec.Struct, frozen=True):
    """A database on a running server; no two that run at a time have the same `id`.

    A copy of a server's files has its own too, and a restarted server another one than before.
    """

    id: str
    name: str


class Commit(msgspec.Struct, frozen=True):
    """Who committed an offset; `at` differs from commit to commit."""

    database: DatabaseIdentity
    at: datetime


@dataclass(frozen=True, slots=True)
class Foreign:
    """A partition that is stored in another database."""

    partition: TopicPartition
    database: DatabaseIdentity


async def identify(connection: AsyncConnection[Any]) -> DatabaseIdentity:
    """The database behind a connection; raises psycopg's errors."""
    cursor = await connection.execute(query("identify_database"))
    ((name, oid, started_at),) = await cursor.fetchall()
    info = connection.info
    started = started_at.astimezone(UTC)
    return DatabaseIdentity(
        f"{oid}/{started.isoformat()}",
        f"{name} at {info.host}:{info.port} (server started {started:%Y-%m-%dT%H:%M:%SZ})",
    )


def metadata(database: DatabaseIdentity | None) -> str:
    """A commit's metadata; empty where it is not known which database it is."""
    if database is None:
        return ""
    return msgspec.json.encode(Commit(database, datetime.now(UTC))).decode()


def parse(text: str) -> Commit | None:
    """The commit that metadata describe; None where somebody else wrote them."""
    try:
        return msgspec.json.decode(text, type=Commit)
    except (msgspec.DecodeError, UnicodeError):
        return None


async def read_commits(
    kafka: KafkaSettings, group: str, topics: Iterable[str]
) -> dict[TopicPartition, Commit]:
    """The newest commit of each partition of these topics that names its database.

    Raises KafkaError and OSError.
    """
    options = client_options(kafka)
    admin = AIOKafkaAdminClient(**options, client_id="fleetgauge", request_timeout_ms=10_000)
    try:
        await start(admin, options)
        kept = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    wanted = set(topics)
    parsed = {tp: parse(found.metadata) for tp, found in kept.items() if tp.topic in wanted}
    return {partition: commit for partition, commit in parsed.items() if commit is not None}


def elsewhere(
    commits: dict[TopicPartition, Commit], here: DatabaseIdentity
) -> dict[Foreign, datetime]:
    """Of these commits those for another database, and when each was made."""
    return {
        Foreign(partition, commit.database): commit.at
        for partition, commit in commits.items()
        if commit.database.id != here.id
    }
