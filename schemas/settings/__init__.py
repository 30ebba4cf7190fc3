"""Settings from the environment, `FLEETGAUGE_…`, a group for each part of Fleetgauge.

What a docstring here says of a group or a setting stands on `docs/operators/settings.md`, which
`make pages` writes: links are relative to that page.
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
