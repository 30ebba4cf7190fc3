"""The whole examination: each part that is away is a finding, and the others go on."""

from datetime import datetime

import psycopg
from aiokafka.errors import KafkaError

from ingest.doctor.access import examine_access
from ingest.doctor.finding import Finding, Level, ok, problem
from ingest.doctor.progress import (
    Progress,
    examine_beat,
    examine_lag,
    examine_letters,
    read_bounds,
    read_progress,
)
from ingest.doctor.server import examine_migrations, examine_server, read_server
from ingest.doctor.storage import examine_storage, examine_windows, read_storage, read_windows
from ingest.doctor.tasks import examine_refreshes, examine_tasks, read_tasks
from ingest.errors import MEND_DATABASE, MEND_KAFKA, sentence
from ingest.topics import TopicError, check_topics
from ingest.upkeep import Connection, open_connection
from schemas.settings import DatabaseSettings, KafkaSettings
from sql.edition import EditionError, edition_of
from sql.session import UnusableDatabase


async def examine(database: DatabaseSettings, kafka: KafkaSettings, now: datetime) -> list[Finding]:
    """Everything, the database first. Raises nothing for a part that is away."""
    found, progress = await _examine_database(database, now)
    return [*found, *await _examine_broker(kafka, progress, now)]


async def _examine_database(
    database: DatabaseSettings, now: datetime
) -> tuple[list[Finding], Progress | None]:
    found: list[Finding] = []
    try:
        async with open_connection(database) as connection:
            server = await read_server(connection)
            found += examine_server(server, now)
            if server.timescaledb is None:
                return found, None
            found += await examine_access(connection)
            if any(finding.facts.get("kind") == "schema" for finding in found):
                # Without it the tables look as if there were none.
                return found, None
            migrations = await examine_migrations(database)
            found.append(migrations)
            if migrations.level is Level.PROBLEM:
                return found, None
            progress = await read_progress(connection)
            found.append(examine_beat(progress, now))
            found += await _examine_content(connection, database, server.licence, now)
            return found, progress
    except UnusableDatabase as error:
        found.append(problem("database", error.says, error.fix))
    except psycopg.errors.InsufficientPrivilege as error:
        # Its GRANT is among the rights.
        found.append(problem("database", error.diag.message_primary or "", None))
    except psycopg.OperationalError as error:
        found.append(problem("database", f"no answer: {sentence(error)}", MEND_DATABASE))
    except (psycopg.Error, EditionError) as error:
        found.append(problem("database", sentence(error), "fleetgauge migrate"))
    return found, None


async def _examine_content(
    connection: Connection, database: DatabaseSettings, licence: str | None, now: datetime
) -> list[Finding]:
    edition = edition_of(licence)
    return [
        *examine_tasks(await read_tasks(connection, now)),
        *await examine_refreshes(connection, edition, now),
        *examine_storage(await read_storage(connection), database, now),
        *examine_windows(await read_windows(connection), database, edition),
    ]


async def _examine_broker(
    kafka: KafkaSettings, progress: Progress | None, now: datetime
) -> list[Finding]:
    sources = [kafka.samples_topic, kafka.events_topic]
    try:
        cluster_id = await check_topics(kafka)
        bounds = await read_bounds(kafka, sources)
        letters = await read_bounds(kafka, [kafka.deadletter_topic])
    except TopicError as error:
        return [problem("broker", str(error), "fleetgauge migrate")]
    except KafkaError as error:
        return [problem("broker", f"no answer: {sentence(error)}", MEND_KAFKA)]
    says = f"cluster {cluster_id} has all topics, stamped by the broker"
    found = [ok("broker", says, cluster_id=cluster_id), examine_letters(letters)]
    if progress is None:
        return found
    return [*found, *examine_lag(bounds, progress, cluster_id, now)]
