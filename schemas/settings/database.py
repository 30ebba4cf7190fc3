"""Where TimescaleDB is."""

from typing import ClassVar

from pydantic import SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from schemas.database_url import check_database_url
from schemas.settings.windows import WindowSettings


class DatabaseSettings(WindowSettings):
    """Where TimescaleDB is."""

    model_config = SettingsConfigDict(title="Database")
    commands: ClassVar[tuple[str, ...]] = (
        "migrate",
        "ingest",
        "serve",
        "maintain",
        "erase",
        "doctor",
    )

    database_url: SecretStr
    """`postgresql://user:password@host:port/database`, with parameters for [TLS](database-tls.md);
    in the password `/ ? # @ %` are written as `%2F %3F %23 %40 %25`"""

    @field_validator("database_url")
    @classmethod
    def _is_a_postgresql_url(cls, url: SecretStr) -> SecretStr:
        check_database_url(url.get_secret_value())
        return url
