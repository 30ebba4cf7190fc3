"""How old a sample may be, known without a database."""

from datetime import timedelta

from pydantic import SecretStr, field_validator

from schemas.settings import DatabaseSettings, load


class _Windows(DatabaseSettings):
    """The database's windows of time. Who sends needs no URL; whatever there is will do."""

    database_url: SecretStr = SecretStr("")

    @field_validator("database_url")
    @classmethod
    def _is_a_postgresql_url(cls, url: SecretStr) -> SecretStr:
        return url


def lateness_limit() -> timedelta:
    """What ingest takes, if it reads the same environment; raises SettingsError."""
    (windows,) = load(_Windows)
    return windows.lateness_limit
