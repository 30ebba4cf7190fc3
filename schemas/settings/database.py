"""The connection to TimescaleDB."""

from typing import Any, ClassVar

from pydantic import PrivateAttr, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from schemas.settings.database_url import check_database_url
from schemas.settings.environment import SettingsError, read_file
from schemas.settings.windows import WindowSettings


class DatabaseSettings(WindowSettings):
    """The connection to TimescaleDB."""

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
    """`postgresql://user:password@host:port/database`, with optional parameters for
    [TLS](database-tls.md); in the password write `/ ? # @ %` as `%2F %3F %23 %40 %25`. The file
    named by `FLEETGAUGE_DATABASE_URL_FILE` is read again for each
    [new connection](database.md#a-new-password)"""

    _is_from_file: bool = PrivateAttr(default=False)

    @field_validator("database_url")
    @classmethod
    def _is_a_postgresql_url(cls, url: SecretStr) -> SecretStr:
        check_database_url(url.get_secret_value())
        return url

    def model_post_init(self, _: Any, /) -> None:
        self._is_from_file = read_file("database_url") == self.database_url.get_secret_value()

    def current_url(self) -> str:
        """The URL for a new connection, read again if it came from a file.

        Raises SettingsError, without any part of the URL, if the file has no valid one.
        """
        url = read_file("database_url") if self._is_from_file else None
        if url is None:
            return self.database_url.get_secret_value()
        try:
            check_database_url(url)
        except ValueError as error:
            raise SettingsError([f"FLEETGAUGE_DATABASE_URL_FILE: {error}"]) from None
        return url
