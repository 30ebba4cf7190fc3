"""The doctor's examination. An unavailable part is a finding, and the other checks still run."""

from datetime import datetime
from typing import Final

import psycopg
from aiokafka.errors import KafkaError

from ingest.admin.clocks import ClockError, Clocks, read_age
from ingest.admin.conservation.report import read_report
from ingest.admin.doctor.access import examine_access
from ingest.admin.doctor.conservation import examine_conservation
from ingest.admin.doctor.finding import Finding, Level, problem
from ingest.admin.doctor.groups import examine_writers
from ingest.admin.doctor.progress import examine_heartbeat, examine_lag, examine_letters
from ingest.admin.doctor.server import Server, examine_migrations, examine_server, read_server
from ingest.admin.doctor.storage import (
    examine_orphans,
    examine_reread,
    examine_storage,
    examine_windows,
    read_storage,
    read_windows,
)
from ingest.admin.doctor.tasks import examine_refreshes, examine_tasks, read_tasks
from ingest.admin.doctor.topics import examine_topics
from ingest.admin.doctor.transactions import examine_withheld, read_withheld
from ingest.admin.doctor.watermark import examine_watermark
from ingest.admin.erase import read_orphans
from ingest.admin.frontier import find_backlogs
from ingest.admin.reread import retention_of
from ingest.admin.topicbounds import read_bounds
from ingest.admin.topics import inspect, missing_sentence
from ingest.admin.upkeep import Connection, open_connection
from ingest.errors import HINT_DATABASE, HINT_KAFKA, sentence
from ingest.kafka.topic import TopicError, topics_to_create
from ingest.reading.storedprogress import StoredProgress, read_progress
from schemas.settings import DatabaseSettings, KafkaSettings, WindowSettings
from sql.edition import EditionError, edition_of
from sql.session import UnusableDatabase

CLIENT_ID: Final = "fleetgauge-doctor"


async def examine(database: DatabaseSettings, kafka: KafkaSettings, now: datetime) -> list[Finding]:
    """Runs all checks, the database first. Does not raise errors of unavailable parts."""
    found, progress = await _examine_database(database, now)
    found += await _examine_broker(kafka, database, progress, now)
    return found if progress is None else [*found, *await examine_writers(database, kafka)]


async def _examine_database(
    database: DatabaseSettings, now: datetime
) -> tuple[list[Finding], StoredProgress | None]:
    found: list[Finding] = []
    try:
        async with open_connection(database) as connection:
            server = await read_server(connection)
            found += examine_server(server, now)
            if server.timescaledb is None:
                return found, None
            found += await examine_access(connection)
            if any(finding.facts.get("kind") == "schema" for finding in found):
                # Without rights on the schema the tables are invisible.
                return found, None
            migrations = await examine_migrations(database)
            found.append(migrations)
            if migrations.level is Level.PROBLEM:
                return found, None
            progress = await read_progress(connection)
            # Rows have times of the database's clock, so compare them with that clock.
            found.append(examine_heartbeat(progress, server.now))
            found += await _examine_content(connection, database, server)
            return found, progress
    except UnusableDatabase as error:
        found.append(problem("database", error.says, error.fix))
    except psycopg.errors.InsufficientPrivilege as error:
        # The findings on rights include its GRANT.
        found.append(problem("database", error.diag.message_primary or "", None))
    except psycopg.OperationalError as error:
        found.append(problem("database", f"no answer: {sentence(error)}", HINT_DATABASE))
    except (psycopg.Error, EditionError) as error:
        found.append(problem("database", sentence(error), "fleetgauge migrate"))
    return found, None


async def _examine_content(
    connection: Connection, database: DatabaseSettings, server: Server
) -> list[Finding]:
    edition = edition_of(server.licence)
    newest, before = await _examine_newest(connection, server)
    return [
        *newest,
        *examine_tasks(await read_tasks(connection, server.now)),
        *await examine_refreshes(connection, edition, server.now),
        *examine_conservation(await read_report(connection)),
        *examine_storage(await read_storage(connection), database, before),
        examine_orphans(await read_orphans(connection)),
        *examine_windows(await read_windows(connection), database, edition),
    ]


async def _examine_newest(
    connection: Connection, server: Server
) -> tuple[list[Finding], datetime | None]:
    """A finding if the newest sample is in the future; the time that ages are measured from."""
    try:
        age = await read_age(connection, Clocks(server.now, server.now))
    except ClockError as error:
        return [problem("clock", str(error), "fleetgauge maintain, after the correction")], None
    return [], age.before


async def _examine_broker(
    kafka: KafkaSettings, windows: WindowSettings, progress: StoredProgress | None, now: datetime
) -> list[Finding]:
    sources = [kafka.samples_topic, kafka.events_topic]
    try:
        inspection = await inspect(kafka, topics_to_create(kafka))
        for name in inspection.missing:
            if name != kafka.replayed_topic:
                raise TopicError(missing_sentence(name))
        bounds = await read_bounds(kafka, sources, CLIENT_ID)
        letters = await read_bounds(kafka, [kafka.deadletter_topic], CLIENT_ID)
        kept = await retention_of(kafka)
        withheld = await read_withheld(kafka, bounds)
    except TopicError as error:
        return [
            problem("broker", str(error), "fleetgauge migrate"),
            *_examine_without_broker(progress),
        ]
    except KafkaError as error:
        away = problem("broker", f"no answer: {sentence(error)}", HINT_KAFKA)
        return [away, *_examine_without_broker(progress)]
    found = [
        *examine_topics(inspection),
        *examine_reread(kafka, kept, windows),
        examine_letters(letters),
        *examine_withheld(withheld, kafka, now),
    ]
    if progress is None:
        return found
    return [
        *found,
        *examine_lag(bounds, progress, inspection.cluster_id, now),
        examine_watermark(progress, find_backlogs(bounds, progress.stored)),
    ]


def _examine_without_broker(progress: StoredProgress | None) -> list[Finding]:
    """The finding on the watermark without the broker, so without the partitions it waits for."""
    return [] if progress is None else [examine_watermark(progress, [])]
