"""Checks that the log does not keep a record longer than the database keeps its samples."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from ingest.admin.topicfaults import altering
from ingest.errors import HINT_KAFKA, sentence
from ingest.kafka.brokerclient import open_broker
from ingest.kafka.topic import RETENTION_MS, TopicError
from schemas.runtime.exits import DONE, FAILED
from schemas.settings import KafkaSettings, WindowSettings

log = structlog.get_logger("migrate")

DAY: Final = timedelta(days=1)


def run(kafka: KafkaSettings, windows: WindowSettings) -> int:
    """Runs the check and logs failures; returns an exit code."""
    try:
        asyncio.run(check_reread(kafka, windows))
    except TopicError as error:
        log.error(str(error))
        return FAILED
    except KafkaError as error:
        log.error("Kafka cannot be used", error=sentence(error), hint=HINT_KAFKA)
        return FAILED
    return DONE


async def check_reread(kafka: KafkaSettings, windows: WindowSettings) -> None:
    """Compares the retention of the samples' topic on the broker with that of raw samples.

    Raises TopicError if a dropped sample could be read again, and KafkaError.
    """
    check_retention(kafka, await retention_of(kafka), windows)


async def retention_of(kafka: KafkaSettings) -> timedelta | None:
    """How long the broker keeps a record of the samples' topic; None for no limit.

    Uses the configured retention if the login may not describe the topic. Raises KafkaError.
    """
    async with open_broker(kafka) as broker:
        settings = (await broker.settings([kafka.samples_topic]))[kafka.samples_topic]
    if settings is None:
        return timedelta(days=kafka.topic_retention_days)
    kept_ms = int(settings[RETENTION_MS])
    return None if kept_ms < 0 else timedelta(milliseconds=kept_ms)


def check_retention(kafka: KafkaSettings, kept: timedelta | None, windows: WindowSettings) -> None:
    """Raises TopicError if records, kept for `kept` (None: without limit), outlive raw samples.

    A sample may be older than its record by the lateness limit, and a record may be read again for
    as long as the topic keeps it. Raw samples must be kept for the sum of both, because a sample
    is recognized as a duplicate only by its raw row.
    """
    late, raw = windows.lateness_limit_days, windows.raw_retention_days
    longest = timedelta(days=raw - late)
    if kept is not None and kept <= longest:
        return
    shown = "permanently" if kept is None else f"for {kept / DAY:.4g} days"
    lengthen = (
        "" if kept is None else f"set FLEETGAUGE_RAW_RETENTION_DAYS={late - (-kept // DAY)}, or "
    )
    keeping = str(longest // timedelta(milliseconds=1))
    raise TopicError(
        f"topic {kafka.samples_topic} keeps records {shown}, and a sample may be {late} days late "
        f"(FLEETGAUGE_LATENESS_LIMIT_DAYS), but raw samples are kept for only {raw} days "
        "(FLEETGAUGE_RAW_RETENTION_DAYS): a record could be read again after its samples were "
        f"dropped; {lengthen}run '{altering(kafka.samples_topic, RETENTION_MS, keeping, kafka)}'"
    )
