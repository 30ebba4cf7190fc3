"""Settings from the environment, `FLEETGAUGE_…`, a group for each part of Fleetgauge.

`make pages` writes the docstrings of groups and settings to `docs/operators/settings.md`: links
are relative to that page.
"""

from schemas.settings.database import DatabaseSettings
from schemas.settings.environment import PREFIX, Settings, SettingsError, load
from schemas.settings.http import HttpSettings
from schemas.settings.ingest import IngestSettings
from schemas.settings.kafka import KafkaSettings
from schemas.settings.windows import WindowSettings

GROUPS: tuple[type[Settings], ...] = (
    DatabaseSettings,
    WindowSettings,
    KafkaSettings,
    IngestSettings,
    HttpSettings,
)

__all__ = [
    "GROUPS",
    "PREFIX",
    "DatabaseSettings",
    "HttpSettings",
    "IngestSettings",
    "KafkaSettings",
    "Settings",
    "SettingsError",
    "WindowSettings",
    "load",
]
