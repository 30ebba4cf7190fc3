"""The metadata of commits to the consumer group: the database in which the offset is stored.

The committed offset is for lag tools only. The metadata let members of a group detect that another
member stores its partitions in another database.
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
    """A database on a running server; `id` is unique among running servers.

    A server that runs on a copy of the files has another id, and a restart changes it.
    """

    id: str
    name: str


class Commit(msgspec.Struct, frozen=True):
    """The metadata of a commit: the database of the member that made it, and the time."""

    database: DatabaseIdentity
    at: datetime


@dataclass(frozen=True, slots=True)
class Foreign:
    """A partition that is stored in another database."""

    partition: TopicPartition
    database: DatabaseIdentity


async def identify(connection: AsyncConnection[Any]) -> DatabaseIdentity:
    """The database of a connection; raises psycopg's errors."""
    cursor = await connection.execute(query("identify_database"))
    ((name, oid, started_at),) = await cursor.fetchall()
    info = connection.info
    started = started_at.astimezone(UTC)
    return DatabaseIdentity(
        f"{oid}/{started.isoformat()}",
        f"{name} at {info.host}:{info.port} (server started {started:%Y-%m-%dT%H:%M:%SZ})",
    )


def metadata(database: DatabaseIdentity | None) -> str:
    """Encodes commit metadata; empty if the database is not known."""
    if database is None:
        return ""
    return msgspec.json.encode(Commit(database, datetime.now(UTC))).decode()


def parse(text: str) -> Commit | None:
    """Decodes commit metadata; None if ingest did not write them."""
    try:
        return msgspec.json.decode(text, type=Commit)
    except (msgspec.DecodeError, UnicodeError):
        return None


async def read_commits(
    kafka: KafkaSettings, group: str, topics: Iterable[str]
) -> dict[TopicPartition, Commit]:
    """The commits of these topics' partitions whose metadata name a database.

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
    """The commits for another database, and their times."""
    return {
        Foreign(partition, commit.database): commit.at
        for partition, commit in commits.items()
        if commit.database.id != here.id
    }
