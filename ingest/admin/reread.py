"""Whether a record may still be in the log after the samples in it were stored and dropped."""

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
    """The check for a terminal: logs what is wrong; an exit code."""
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

    Raises TopicError where a dropped sample could be read again, and KafkaError.
    """
    check_retention(kafka, await retention_of(kafka), windows)


async def retention_of(kafka: KafkaSettings) -> timedelta | None:
    """How long the broker keeps a record of the samples' topic; None where it keeps it for good.

    Where the login may not ask, it is what the settings say. Raises KafkaError.
    """
    async with open_broker(kafka) as broker:
        settings = (await broker.settings([kafka.samples_topic]))[kafka.samples_topic]
    if settings is None:
        return timedelta(days=kafka.topic_retention_days)
    kept_ms = int(settings[RETENTION_MS])
    return None if kept_ms < 0 else timedelta(milliseconds=kept_ms)


def check_retention(kafka: KafkaSettings, kept: timedelta | None, windows: WindowSettings) -> None:
    """Raises TopicError where records that are `kept` so long (None: for good) outlive samples.

    A sample is at most the lateness limit older than its record, and that as old as the topic
    keeps it. Raw samples have to be kept for both together: only they tell a sample that is read
    again from a new one.
    """
    late, raw = windows.lateness_limit_days, windows.raw_retention_days
    longest = timedelta(days=raw - late)
    if kept is not None and kept <= longest:
        return
    shown = "for good" if kept is None else f"for {kept / DAY:.4g} days"
    lengthen = (
        "" if kept is None else f"set FLEETGAUGE_RAW_RETENTION_DAYS={late - (-kept // DAY)}, or "
    )
    keeping = str(longest // timedelta(milliseconds=1))
    raise TopicError(
        f"topic {kafka.samples_topic} keeps records {shown}, and a sample may be {late} days late "
        f"(FLEETGAUGE_LATENESS_LIMIT_DAYS): its raw samples are kept for only {raw} days "
        "(FLEETGAUGE_RAW_RETENTION_DAYS), so a record could be read again after its samples were "
        f"dropped: {lengthen}run '{altering(kafka.samples_topic, RETENTION_MS, keeping, kafka)}'"
    )
