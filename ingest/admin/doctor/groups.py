"""Checks that only one consumer group writes this database, and that it writes no other one."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import psycopg
from aiokafka.errors import KafkaError

from ingest.admin.conflicts import HINT_DATABASES, HINT_GROUPS, name_of, read_groups
from ingest.admin.doctor.finding import Finding, ok, problem, warning
from ingest.admin.upkeep import open_connection
from ingest.errors import HINT_DATABASE, HINT_KAFKA, sentence
from ingest.reading.commitmetadata import (
    DatabaseIdentity,
    Foreign,
    elsewhere,
    identify,
    read_commits,
)
from ingest.reading.progressreport import REPORT_EVERY_S
from schemas.settings import DatabaseSettings, KafkaSettings

# A running ingest commits again within this time.
RENEWED_WITHIN_S: Final = 2.5 * REPORT_EVERY_S

Groups = Sequence[tuple[str, datetime]]


async def examine_writers(database: DatabaseSettings, kafka: KafkaSettings) -> list[Finding]:
    """Runs both checks, as far as this login's rights allow."""
    try:
        async with open_connection(database) as connection:
            here = await identify(connection)
            groups = await read_groups(connection, sources(kafka))
    except psycopg.errors.InsufficientPrivilege as error:
        return [_blind("groups", error, "grant select on ingest_groups to this login")]
    except psycopg.Error as error:
        return [_blind("groups", error, HINT_DATABASE)]
    found = examine_groups(groups)
    try:
        return [found, *await _examine_databases(kafka, [group for group, _ in groups], here)]
    except (KafkaError, OSError) as error:
        return [found, _blind("databases", error, HINT_KAFKA)]


def _blind(check: str, error: Exception, hint: str) -> Finding:
    return warning(check, f"cannot be checked: {sentence(error)}", hint)


def examine_groups(groups: Groups) -> Finding:
    """Whether more than one consumer group wrote to the database recently."""
    facts = dict(groups)
    if len(facts) > 1:
        seen = ", ".join(f"{group} (at {at:%H:%M:%SZ})" for group, at in groups)
        says = f"{len(facts)} consumer groups write to this database and fence each other: {seen}"
        return problem("groups", says, HINT_GROUPS, groups=facts)
    says = "no group writes to this database now"
    if facts:
        says = f"only {next(iter(facts))} writes to this database"
    return ok("groups", says, groups=facts)


async def _examine_databases(
    kafka: KafkaSettings, groups: Sequence[str], here: DatabaseIdentity
) -> list[Finding]:
    """A finding for each group that stores partitions elsewhere, or one for all groups."""
    others = {group: await _renewed_elsewhere(kafka, group, here) for group in groups}
    faulty = [_stored_elsewhere(group, found) for group, found in others.items() if found]
    return faulty or [ok("databases", "this database stores every partition of these groups")]


async def _renewed_elsewhere(
    kafka: KafkaSettings, group: str, here: DatabaseIdentity
) -> Mapping[Foreign, datetime]:
    """Commits for other databases that are being renewed; those from before a move are not."""
    before = elsewhere(await read_commits(kafka, group, sources(kafka)), here)
    if not before:
        return {}
    await asyncio.sleep(RENEWED_WITHIN_S)
    after = elsewhere(await read_commits(kafka, group, sources(kafka)), here)
    return {found: at for found, at in after.items() if before.get(found, at) != at}


def _stored_elsewhere(group: str, others: Mapping[Foreign, datetime]) -> Finding:
    partitions = sorted(name_of(found.partition) for found in others)
    names = sorted({found.database.name for found in others})
    says = (
        f"{group} stores {', '.join(partitions)} in another database: {'; '.join(names)}; this "
        "database lacks them"
    )
    return problem("databases", says, HINT_DATABASES, group=group, partitions=partitions)


def sources(kafka: KafkaSettings) -> list[str]:
    """The topics that ingest reads."""
    return [kafka.samples_topic, kafka.events_topic]
