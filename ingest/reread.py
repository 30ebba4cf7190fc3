"""Whether a record may still be in the log after the samples in it were stored and dropped."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from ingest.errors import MEND_KAFKA, sentence
from ingest.topics import RETENTION, TopicError, altering, retention_of
from schemas.exits import DONE, FAILED
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
        log.error("Kafka cannot be used", error=sentence(error), hint=MEND_KAFKA)
        return FAILED
    return DONE


async def check_reread(kafka: KafkaSettings, windows: WindowSettings) -> None:
    """Compares the retention of the samples' topic on the broker with that of raw samples.

    Raises TopicError where a dropped sample could be read again, and KafkaError.
    """
    check_retention(kafka.samples_topic, await retention_of(kafka, kafka.samples_topic), windows)


def check_retention(topic: str, kept: timedelta | None, windows: WindowSettings) -> None:
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
    raise TopicError(
        f"topic {topic} keeps records {shown}, and a sample may be {late} days late "
        f"(FLEETGAUGE_LATENESS_LIMIT_DAYS): its raw samples are kept for only {raw} days "
        "(FLEETGAUGE_RAW_RETENTION_DAYS), so a record could be read again after its samples were "
        f"dropped: {lengthen}run "
        f"'{altering(topic, RETENTION, str(longest // timedelta(milliseconds=1)))}'"
    )
