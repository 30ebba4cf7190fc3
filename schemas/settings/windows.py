"""Time windows: how late a sample may be, and how long data is kept."""

from datetime import timedelta
from typing import ClassVar, Self

from pydantic import field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from schemas.settings.environment import Days, Settings


class WindowSettings(Settings):
    """How late a sample may be, and how long data is kept.

    Except for the timeline's, each number of days must be greater than the one before it, raw
    retention by at least two days. Otherwise rollups would be computed from dropped rows, or a late
    sample would be written to a day that is being dropped. [Retention and upkeep](retention.md)
    describes when data is deleted, and which data never is.
    """

    model_config = SettingsConfigDict(title="Windows of time")
    commands: ClassVar[tuple[str, ...]] = (
        "migrate",
        "ingest",
        "serve",
        "maintain",
        "erase",
        "doctor",
        "emit fleet",
    )

    lateness_limit_days: Days = 31
    """how far a sample's time may be behind the broker time; an older one becomes a dead letter"""
    refresh_start_days: Days = 32
    """the oldest day for which rollups are computed"""
    raw_retention_days: Days = 38
    """how long raw samples are kept; at least the lateness limit plus the retention of the samples
    topic, or a sample could be [read again after it was
    dropped](retention.md#what-is-read-again)"""
    metrics_5m_retention_days: Days = 90
    """how long rollups of 5 minutes are kept"""
    metrics_1h_retention_days: Days = 365
    """how long rollups of an hour are kept; 8 or more, since the range 7d is read from them"""
    timeline_retention_days: Days = 365
    """how long status events and deployments are kept in the timeline; an event that is already
    older when it is sent only counts for the newest state"""

    @model_validator(mode="after")
    def _windows_fit(self) -> Self:
        # A refresh over dropped chunks erases rollups, a writer fails on a chunk that is being
        # dropped, and a late row without its 5-minute row would count a new bucket twice.
        chunk_days = 1
        if not self.lateness_limit_days < self.refresh_start_days:
            raise ValueError(
                f"FLEETGAUGE_REFRESH_START_DAYS ({self.refresh_start_days}) must be greater than "
                f"FLEETGAUGE_LATENESS_LIMIT_DAYS ({self.lateness_limit_days})"
            )
        if not self.refresh_start_days < self.raw_retention_days - chunk_days:
            raise ValueError(
                f"FLEETGAUGE_RAW_RETENTION_DAYS ({self.raw_retention_days}) must be greater than "
                f"FLEETGAUGE_REFRESH_START_DAYS plus one day ({self.refresh_start_days} + 1)"
            )
        if not (
            self.raw_retention_days
            < self.metrics_5m_retention_days
            < self.metrics_1h_retention_days
        ):
            raise ValueError(
                "retention must grow with the bucket: FLEETGAUGE_RAW_RETENTION_DAYS "
                f"({self.raw_retention_days}) < FLEETGAUGE_METRICS_5M_RETENTION_DAYS "
                f"({self.metrics_5m_retention_days}) < FLEETGAUGE_METRICS_1H_RETENTION_DAYS "
                f"({self.metrics_1h_retention_days})"
            )
        return self

    @field_validator("metrics_1h_retention_days")
    @classmethod
    def _holds_a_week(cls, days: int) -> int:
        if days < 8:
            raise ValueError("takes 8 or more: the range 7d is read from hourly rollups")
        return days

    @property
    def lateness_limit(self) -> timedelta:
        return timedelta(days=self.lateness_limit_days)

    @property
    def timeline_retention(self) -> timedelta:
        return timedelta(days=self.timeline_retention_days)
