"""How long the samples' topic may keep records, case by case."""

from datetime import timedelta

import pytest

from ingest.admin.reread import check_retention
from ingest.kafka.topic import TopicError
from schemas.settings import KafkaSettings, WindowSettings

KAFKA = KafkaSettings(kafka_bootstrap="a:1")
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)

FITS = [
    (38, 7 * DAY),
    (38, timedelta(0)),
    (40, 9 * DAY),
]
REFUSED = [
    (38, 7 * DAY + MS, "set FLEETGAUGE_RAW_RETENTION_DAYS=39, or run ", 7),
    (38, 8 * DAY, "set FLEETGAUGE_RAW_RETENTION_DAYS=39, or run ", 7),
    (35, 7 * DAY, "set FLEETGAUGE_RAW_RETENTION_DAYS=38, or run ", 4),
    (38, None, "keeps records permanently", 7),
]


@pytest.mark.parametrize(("raw", "kept"), FITS)
def test_samples_that_outlive_their_records(raw: int, kept: timedelta) -> None:
    check_retention(KAFKA, kept, WindowSettings(raw_retention_days=raw))


@pytest.mark.parametrize(("raw", "kept", "words", "fits"), REFUSED)
def test_records_that_outlive_their_samples(
    raw: int, kept: timedelta | None, words: str, fits: int
) -> None:
    with pytest.raises(TopicError, match=r"^topic fleet\.samples keeps records ") as caught:
        check_retention(KAFKA, kept, WindowSettings(raw_retention_days=raw))
    said = str(caught.value)
    assert words in said
    assert f"only {raw} days (FLEETGAUGE_RAW_RETENTION_DAYS)" in said
    assert said.endswith(
        f"--entity-name fleet.samples --add-config retention.ms={fits * DAY // MS}'"
    )


def test_the_defaults_fit() -> None:
    check_retention(KAFKA, KAFKA.topic_retention_days * DAY, WindowSettings())
